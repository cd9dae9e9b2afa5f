import { readFileSync } from 'node:fs';

export interface ModelDescription {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}
export type Descriptions = Readonly<Record<string, ModelDescription>>;

/** What the generated models say of themselves and their fields: almost a megabyte that only `explain` needs, so it is not kept. */
export function readDescriptions(): Descriptions {
  // Written by scripts/generate-api.ts.
  return JSON.parse(readFileSync(new URL('../generated/descriptions.json', import.meta.url), 'utf8')) as Descriptions;
}
