import { readModelLines } from './model-lines.ts';

export interface ModelDescription {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}
/** What a generated model says of itself and its fields; undefined for one that there isn't. */
export type Descriptions = (model: string) => ModelDescription | undefined;

/** Almost a megabyte that only `explain` needs: it is kept as long as the answer is. */
export function readDescriptions(): Descriptions {
  const lines = readModelLines(new URL('../generated/descriptions.tsv', import.meta.url));
  return (model) => {
    const line = lines.get(model);
    // Written by scripts/generate-api.ts.
    return line === undefined ? undefined : (JSON.parse(line.toString()) as ModelDescription);
  };
}
