import { readFileSync } from 'node:fs';
import { readDescriptions } from '../schema/descriptions.ts';

type Told = ReadonlyMap<string, string>;

let facts: ReadonlyMap<string, readonly (readonly [column: string, field: string, words: string])[]> | undefined;
const known = new Map<string, Told>();
/** The rows that hold for every resource. */
export const ANY_RESOURCE = '*';

/** What the columns of a resource's Table say of themselves, by name: mostly what the field says that they show. */
export function columnDescriptions(resource: string): Told {
  const before = known.get(resource);
  if (before !== undefined) return before;
  facts ??= readFacts();
  const rows = [...(facts.get(ANY_RESOURCE) ?? []), ...(facts.get(resource) ?? [])];
  const ofModel = readDescriptions();
  const told = new Map(
    rows.map(([column, source, words]): [string, string] => {
      const [model = '', field = ''] = source.split('.');
      return [column, words || (ofModel(model)?.fields[field] ?? '')];
    }),
  );
  known.set(resource, told);
  return told;
}

function readFacts(): NonNullable<typeof facts> {
  const [, ...lines] = readFileSync(new URL('../facts/column-descriptions.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  const rows = new Map<string, (readonly [string, string, string])[]>();
  for (const line of lines) {
    const [resource = '', column = '', source = '', words = ''] = line.split('\t');
    rows.set(resource, [...(rows.get(resource) ?? []), [column, source, words]]);
  }
  return rows;
}
