import type { ServedResource } from '#cluster/api';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: true;
  readonly description: string;
  readonly schema: { readonly type: string };
}
const query = (name: string, description: string, type = 'string'): Parameter => ({ name, in: 'query', description, schema: { type } });

export const PRETTY = query('pretty', 'Whether the answer is to be indented.');
export const READING: readonly Parameter[] = [
  query('labelSelector', 'Chooses by labels.'),
  query('fieldSelector', 'Chooses by fields.'),
  query('resourceVersion', 'The revision that is asked for.'),
  query('resourceVersionMatch', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  query('limit', 'At most so many.', 'integer'),
  query('continue', 'Where the piece before ended.'),
  query('sendInitialEvents', 'Begin a watch with what is.', 'boolean'),
  query('timeoutSeconds', 'End after so long.', 'integer'),
];
export const LISTING: readonly Parameter[] = [
  ...READING,
  query('watch', 'Go on with every change.', 'boolean'),
  query('allowWatchBookmarks', 'Say now and then how far the watch is.', 'boolean'),
];
export const WRITING: readonly Parameter[] = [
  query('dryRun', 'All: write nothing.'),
  query('fieldManager', 'In whose name the fields are written.'),
  query('fieldValidation', 'What to do about unknown fields: Strict, Warn or Ignore.'),
];
export const DELETING: readonly Parameter[] = [
  query('dryRun', 'All: write nothing.'),
  query('gracePeriodSeconds', 'How long a Pod may take to end.', 'integer'),
  query('orphanDependents', 'As propagationPolicy, long ago.', 'boolean'),
  query('propagationPolicy', 'What becomes of dependents: Orphan, Background or Foreground.'),
];

const OBJECT_TYPES = ['application/json', 'application/yaml', 'application/cbor'];
const WATCH_TYPES = ['application/json;stream=watch', 'application/cbor-seq'];

export interface Operation {
  readonly resource: ServedResource;
  /** The first word of its name. */
  readonly verb: string;
  /** What follows verb, group and version in its name. */
  readonly id: string;
  readonly action: string;
  /** Of the answer. */
  readonly schema: object;
  readonly types?: readonly string[];
  /** What it speaks, where that isn't the resource's own kind. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
}

/** One operation, named as client libraries are generated from (`listCoreV1NamespacedPod`). */
export function operation({ resource, verb, id, action, schema, types = OBJECT_TYPES, kind = resource }: Operation): Record<string, unknown> {
  const { group, version } = resource;
  const name = group === '' ? 'core' : camel(group.replace(/\.k8s\.io$/, ''));
  const all = action === 'list' ? [...types, ...WATCH_TYPES] : types;
  return {
    tags: [`${name}_${version}`],
    description: `${action} ${kind.kind}`,
    operationId: `${verb}${capital(name)}${capital(version)}${id}`,
    responses: {
      ...(action === 'post' ? { 201: { description: 'Created', content: contentOf(all, schema) } } : {}),
      200: { description: 'OK', content: contentOf(all, schema) },
      401: { description: 'Unauthorized' },
    },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: kind.group, version: kind.version, kind: kind.kind },
  };
}

function contentOf(types: readonly string[], schema: object): Record<string, object> {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

export function bodyOf(schema: object, required = true, types: readonly string[] = ['*/*']): object {
  return { ...(required ? { required } : {}), content: contentOf(types, schema) };
}

export function inPath(name: string): Parameter {
  return { name, in: 'path', required: true, description: `The object's ${name}.`, schema: { type: 'string' } };
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
const camel = (dotted: string): string => dotted.replaceAll(/[.-](.)/g, (_, letter: string) => letter.toUpperCase());
