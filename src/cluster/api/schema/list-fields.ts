import { readFileSync } from 'node:fs';

/** How a list field merges. */
export interface ListField {
  readonly listType: 'atomic' | 'set' | 'map' | '';
  /** Which fields tell items of a map list apart, for server-side apply. */
  readonly mapKeys: readonly string[];
  readonly patchStrategy: readonly string[];
  /** Which field tells items apart, for strategic merge. */
  readonly mergeKey: string;
  /** Whether a map or an object is owned whole, for server-side apply. */
  readonly isAtomicMap: boolean;
}

/** The field that stands for the whole type in the facts. */
const WHOLE = '(whole)';

let facts: ReadonlyMap<string, ListField> | undefined;

/** The list facts of a generated model's field; undefined for one that is replaced whole. */
export function listField(model: string, field: string): ListField | undefined {
  facts ??= readFacts();
  return facts.get(`${typeNameOf(model)}.${field}`);
}

/** Whether every field of that model is owned whole. */
export function isAtomicModel(model: string): boolean {
  return listField(model, WHOLE)?.isAtomicMap ?? false;
}

let always: ReadonlySet<string> | undefined;

/** Whether Kubernetes' own objects have that part also when nobody says anything of it: it comes with what holds it, and is never added. */
export function isAlwaysThere(model: string, field: string): boolean {
  always ??= new Set(linesOf(new URL('../facts/always-there.tsv', import.meta.url)).map((line) => line.replace('\t', '.')));
  return always.has(`${typeNameOf(model)}.${field}`);
}

function linesOf(facts: URL): readonly string[] {
  return readFileSync(facts, 'utf8').split('\n').slice(1);
}

/** `V1PodSpec` and `CoreV1EndpointPort` name the types `v1.PodSpec` and `v1.EndpointPort` of the facts. */
function typeNameOf(model: string): string {
  const match = /^(?:[A-Z][a-z]+(?=V\d))?(V\d(?:alpha\d|beta\d)?)(.+)$/.exec(model);
  return match === null ? model : `${match[1]?.toLowerCase()}.${match[2]}`;
}

function readFacts(): ReadonlyMap<string, ListField> {
  return new Map(
    linesOf(new URL('../facts/list-fields.tsv', import.meta.url)).flatMap((line): [string, ListField][] => {
      const [type = '', field = '', listType = '', mapKeys = '', strategy = '', mergeKey = '', mapType = ''] = line.split('\t');
      if (type === '') return [];
      const split = (text: string) => text.split(',').filter((part) => part !== '');
      const known = listType === 'atomic' || listType === 'set' || listType === 'map' ? listType : '';
      return [
        [
          `${type.split('.').slice(-2).join('.')}.${field}`,
          { listType: known, mapKeys: split(mapKeys), patchStrategy: split(strategy), mergeKey, isAtomicMap: mapType === 'atomic' },
        ],
      ];
    }),
  );
}
