import { readFileSync } from 'node:fs';
import type { TypeSchema } from './schemas.ts';

const QUANTITY_WORDS = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
/** How Go reads a moment, part by part, as RFC 3339 has it. */
const MOMENT = [
  ...['2006', '-', '01', '-', '02', 'T', '15', ':', '04', ':', '05'].map(
    (part) => [part, /^\d/.test(part) ? new RegExp(`^\\d{${part.length}}`) : part] as const,
  ),
  ['Z07:00', /^(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/] as const,
];
const LAYOUT = '2006-01-02T15:04:05Z07:00';

/** What Kubernetes says of a value that cannot stand in a model's field (by its path); `inside`: below how many lists and maps of it. */
export function wrongTypeWords(model: string, field: string, type: TypeSchema, value: unknown, inside: number): string {
  if (type.kind === 'string' && type.format === 'quantity') return QUANTITY_WORDS;
  if (type.kind === 'string' && typeof value === 'string') return type.format === 'byte' ? base64Words(value) : momentWords(value);
  const wanted = type.kind === 'intOrString' ? 'int32' : goType(model, field, type, inside);
  // Its path has the names only, and no places in lists.
  return `json: cannot unmarshal ${jsonKind(type, value)} into Go struct field ${structOf(model)}.${field.replaceAll(/\[\d+\]/g, '')} of type ${wanted}`;
}

/** `V1PodSpec` and `CoreV1EndpointPort` are `PodSpec` and `EndpointPort` there. */
function structOf(model: string): string {
  return /V\d+(?:(?:alpha|beta)\d+)?(.+)$/.exec(model)?.[1] ?? model;
}

function jsonKind(type: TypeSchema, value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  // A number that would be of the right kind is told.
  if (typeof value === 'number' && (type.kind === 'number' || type.kind === 'intOrString')) return `number ${value}`;
  return typeof value;
}

function goType(model: string, field: string, type: TypeSchema, inside: number): string {
  const named = goTypes().get(`${model}.${field.slice(field.lastIndexOf('.') + 1)}`);
  if (named === undefined) return derived(type);
  let rest = named;
  for (let level = 0; level < inside; level++) rest = rest.replace(/^(?:\[\]|map\[[^\]]*\])/, '');
  return rest === named && inside > 0 ? derived(type) : rest;
}

function derived(type: TypeSchema): string {
  switch (type.kind) {
    case 'string':
      return type.format === 'byte' ? '[]uint8' : 'string';
    case 'number':
      return type.format === 'double' ? 'float64' : type.format || 'int64';
    case 'boolean':
      return 'bool';
    case 'list':
      return `[]${derived(type.of)}`;
    case 'map':
      return `map[string]${derived(type.of)}`;
    case 'model': {
      const version = /V\d+(?:(?:alpha|beta)\d+)?/.exec(type.name)?.[0] ?? '';
      return `${version.toLowerCase()}.${structOf(type.name)}`;
    }
    case 'intOrString':
      return 'intstr.IntOrString';
    case 'any':
      return 'interface {}';
  }
}

function momentWords(text: string): string {
  let rest = text;
  for (const [part, wanted] of MOMENT) {
    const length = typeof wanted === 'string' ? (rest.startsWith(wanted) ? wanted.length : 0) : (wanted.exec(rest)?.[0].length ?? 0);
    if (length === 0) return `parsing time ${JSON.stringify(text)} as "${LAYOUT}": cannot parse ${JSON.stringify(rest)} as "${part}"`;
    rest = rest.slice(length);
  }
  return `parsing time ${JSON.stringify(text)}: day out of range`;
}

function base64Words(text: string): string {
  const odd = /[^A-Za-z0-9+/=]/.exec(text)?.index ?? text.length - (text.length % 4);
  return `illegal base64 data at input byte ${odd}`;
}

let facts: ReadonlyMap<string, string> | undefined;

/** The fields whose Go type has a name of its own. */
function goTypes(): ReadonlyMap<string, string> {
  facts ??= new Map(
    readFileSync(new URL('../facts/go-types.tsv', import.meta.url), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): [string, string] => {
        const [model = '', field = '', type = ''] = line.split('\t');
        return [`${model}.${field}`, type];
      }),
  );
  return facts;
}
