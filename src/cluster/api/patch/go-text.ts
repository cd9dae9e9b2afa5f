import { isRecord } from '../schema/is-record.ts';

/** A value as Kubernetes shows it in words about a patch: `map[a:1 b:[x y]]`, the names in order. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isRecord(value)) return String(value);
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `map[${entries.map(([name, content]) => `${name}:${goText(content)}`).join(' ')}]`;
}
