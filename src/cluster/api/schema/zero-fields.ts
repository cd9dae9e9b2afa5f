import { readModelLines } from './model-lines.ts';

/** What Kubernetes' own types make of a field's zero value: "", 0, false. */
export interface ZeroFields {
  /** As if they had not been written. */
  readonly dropped: readonly string[];
  /** There, though nobody wrote them. */
  readonly filled: readonly string[];
}

let lines: ReadonlyMap<string, Buffer> | undefined;

/** Of a generated model's fields. All others keep the zero that was written, and no other. */
export function zeroFields(model: string): ZeroFields {
  lines ??= readModelLines(new URL('../facts/zero-fields.tsv', import.meta.url));
  const [dropped = '', filled = ''] = lines.get(model)?.toString().split('\t') ?? [];
  const split = (text: string) => text.split(',').filter((name) => name !== '');
  return { dropped: split(dropped), filled: split(filled) };
}
