import { apiVersionOf, type ServedResource } from '#cluster/api';

interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: true;
  readonly description: string;
  readonly schema: { readonly type: string };
}
const query = (name: string, description: string, type = 'string'): Parameter => ({ name, in: 'query', description, schema: { type } });

const READING = [
  query('labelSelector', 'Chooses by labels.'),
  query('fieldSelector', 'Chooses by fields.'),
  query('resourceVersion', 'The revision that is asked for.'),
  query('resourceVersionMatch', 'How resourceVersion is meant: Exact or NotOlderThan.'),
];
const LISTING = [
  ...READING,
  query('limit', 'At most so many.', 'integer'),
  query('continue', 'Where the piece before ended.'),
  query('watch', 'Go on with every change.', 'boolean'),
  query('allowWatchBookmarks', 'Say now and then how far the watch is.', 'boolean'),
  query('sendInitialEvents', 'Begin a watch with what is.', 'boolean'),
  query('timeoutSeconds', 'End after so long.', 'integer'),
];
const WRITING = [
  query('dryRun', 'All: write nothing.'),
  query('fieldManager', 'In whose name the fields are written.'),
  query('fieldValidation', 'What to do about unknown fields: Strict, Warn or Ignore.'),
];
const DELETING = [
  query('dryRun', 'All: write nothing.'),
  query('gracePeriodSeconds', 'How long a Pod may take to end.', 'integer'),
  query('propagationPolicy', 'What becomes of dependents: Orphan, Background or Foreground.'),
];
const PATCH_TYPES = ['application/json-patch+json', 'application/merge-patch+json', 'application/strategic-merge-patch+json', 'application/apply-patch+yaml'];

/** The paths of one group and version. `schemaOf` names the schema of a kind in the document. */
export function openApiPaths(resources: readonly ServedResource[], schemaOf: (resource: ServedResource) => object): Record<string, object> {
  const paths: Record<string, object> = {};
  for (const resource of resources) {
    const root = `${resource.group === '' ? '/api' : `/apis/${resource.group}`}/${resource.version}`;
    const base = resource.namespaced ? `${root}/namespaces/{namespace}/${resource.resource}` : `${root}/${resource.resource}`;
    if (resource.namespaced) paths[`${root}/${resource.resource}`] = { get: operation(resource, schemaOf, 'list', LISTING) };
    paths[base] = collection(resource, schemaOf);
    paths[`${base}/{name}`] = item(resource, schemaOf);
    if (resource.subresources.includes('status')) paths[`${base}/{name}/status`] = item(resource, schemaOf, false);
    if (resource.subresources.includes('scale')) paths[`${base}/{name}/scale`] = item(scaleOf(resource), schemaOf, false);
  }
  return paths;
}

/** A Scale where that resource lies: clients find by its kind what a write to it may be told. */
function scaleOf({ custom: _, ...resource }: ServedResource): ServedResource {
  return { ...resource, group: 'autoscaling', version: 'v1', kind: 'Scale', listKind: '', model: 'V1Scale' };
}

function collection(resource: ServedResource, schemaOf: (resource: ServedResource) => object): object {
  return {
    get: operation(resource, schemaOf, 'list', LISTING),
    post: { ...operation(resource, schemaOf, 'post', WRITING), requestBody: body(schemaOf(resource), ['*/*']) },
    delete: operation(resource, schemaOf, 'deletecollection', [...DELETING, ...READING]),
    ...(resource.namespaced ? { parameters: [inPath('namespace')] } : {}),
  };
}

function item(resource: ServedResource, schemaOf: (resource: ServedResource) => object, whole = true): object {
  return {
    get: operation(resource, schemaOf, 'get', []),
    put: { ...operation(resource, schemaOf, 'put', WRITING), requestBody: body(schemaOf(resource), ['*/*']) },
    patch: {
      ...operation(resource, schemaOf, 'patch', [...WRITING, query('force', 'Take over fields of other managers.', 'boolean')]),
      requestBody: body({ type: 'object' }, PATCH_TYPES),
    },
    ...(whole ? { delete: operation(resource, schemaOf, 'delete', DELETING) } : {}),
    parameters: [inPath('name'), ...(resource.namespaced ? [inPath('namespace')] : [])],
  };
}

function operation(resource: ServedResource, schemaOf: (resource: ServedResource) => object, action: string, parameters: readonly Parameter[]): object {
  return {
    tags: [apiVersionOf(resource).replaceAll(/[^A-Za-z0-9]/g, '_')],
    description: `${action} ${resource.kind}`,
    parameters,
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: schemaOf(resource) } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group: resource.group, version: resource.version, kind: resource.kind },
  };
}

function body(schema: object, types: readonly string[]): object {
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

function inPath(name: string): Parameter {
  return { name, in: 'path', required: true, description: `The object's ${name}.`, schema: { type: 'string' } };
}
