import type { OpenApiSchemas, ServedResource } from '#cluster/api';
import { answersObject } from '../verbs/delete.ts';
import { CONNECT, subresourceShape, type SubresourceShape } from './resources.ts';
import { bodyOf, DELETING, inPath, LISTING, operation, type Operation, type Parameter, PRETTY, READING, WRITING } from './openapi-operations.ts';

type Paths = Record<string, Record<string, unknown>>;
/** What the paths of one resource have in common. */
interface Place {
  readonly resource: ServedResource;
  readonly schemas: OpenApiSchemas;
  readonly base: string;
  /** Between verb and kind in the name of an operation: `Namespaced` where it is in a namespace. */
  readonly scope: string;
  readonly parameters: readonly Parameter[];
}
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
  'application/apply-patch+cbor',
];
const METHODS: Readonly<Record<string, string>> = { get: 'get', create: 'post', update: 'put', patch: 'patch', delete: 'delete' };

/** The paths of one group and version, as far as each resource has the verbs. */
export function openApiPaths(resources: readonly ServedResource[], schemas: OpenApiSchemas): Paths {
  const paths: Paths = {};
  for (const resource of resources) {
    const root = `${resource.group === '' ? '/api' : `/apis/${resource.group}`}/${resource.version}`;
    const { namespaced } = resource;
    const place: Place = {
      resource,
      schemas,
      base: namespaced ? `${root}/namespaces/{namespace}/${resource.resource}` : `${root}/${resource.resource}`,
      scope: namespaced ? 'Namespaced' : '',
      parameters: [...(namespaced ? [inPath('namespace')] : []), PRETTY],
    };
    if (namespaced && resource.verbs.includes('list')) {
      const everywhere = operation({ resource, verb: 'list', id: `${resource.kind}ForAllNamespaces`, action: 'list', schema: schemas.listOf(resource) });
      paths[`${root}/${resource.resource}`] = { get: { ...everywhere, parameters: LISTING }, parameters: [PRETTY] };
    }
    paths[place.base] = collection(place);
    if (resource.verbs.includes('get')) paths[`${place.base}/{name}`] = item(place);
    for (const name of resource.subresources) subresource(paths, place, name);
  }
  return paths;
}

function collection({ resource, schemas, scope, parameters }: Place): Record<string, unknown> {
  const { verbs, kind } = resource;
  const all: Record<string, unknown> = { parameters };
  const schema = schemas.schemaOf(resource);
  const id = `${scope}${kind}`;
  if (verbs.includes('list')) all.get = { ...operation({ resource, verb: 'list', id, action: 'list', schema: schemas.listOf(resource) }), parameters: LISTING };
  if (verbs.includes('create'))
    all.post = { ...operation({ resource, verb: 'create', id, action: 'post', schema }), parameters: WRITING, requestBody: bodyOf(schema) };
  if (verbs.includes('deletecollection')) {
    const deleted = { resource, verb: 'delete', id: `Collection${id}`, action: 'deletecollection', schema: schemas.modelOf('V1Status') };
    all.delete = { ...operation(deleted), parameters: [...DELETING, ...READING], requestBody: bodyOf(schemas.modelOf('V1DeleteOptions'), false) };
  }
  return all;
}

function item(place: Place): Record<string, unknown> {
  const { resource, scope } = place;
  return itemOf(place, resource.verbs, { id: `${scope}${resource.kind}`, schema: place.schemas.schemaOf(resource) });
}

/** GET, PUT, PATCH and DELETE of one thing, as far as there are the verbs. */
function itemOf({ resource, schemas, parameters }: Place, verbs: readonly string[], of: Pick<Operation, 'id' | 'schema' | 'kind'>): Record<string, unknown> {
  const { schema } = of;
  const one: Record<string, unknown> = { parameters: [inPath('name'), ...parameters] };
  const make = (verb: string, action: string, made: object = schema) => operation({ resource, verb, action, ...of, schema: made });
  if (verbs.includes('get')) one.get = make('read', 'get');
  if (verbs.includes('update')) one.put = { ...make('replace', 'put'), parameters: WRITING, requestBody: bodyOf(schema) };
  if (verbs.includes('patch')) {
    const force: Parameter = { name: 'force', in: 'query', description: 'Take over fields of other managers.', schema: { type: 'boolean' } };
    one.patch = { ...make('patch', 'patch'), parameters: [...WRITING, force], requestBody: bodyOf(schemas.modelOf('V1Patch'), true, PATCH_TYPES) };
  }
  if (verbs.includes('create')) one.post = { ...make('create', 'post'), parameters: WRITING, requestBody: bodyOf(schema) };
  if (verbs.includes('delete')) {
    // A namespace is given back too, but that is said nowhere.
    const answer = answersObject(resource) && resource.resource !== 'namespaces' ? schema : schemas.modelOf('V1Status');
    one.delete = { ...make('delete', 'delete', answer), parameters: DELETING, requestBody: bodyOf(schemas.modelOf('V1DeleteOptions'), false) };
  }
  return one;
}

function subresource(paths: Paths, place: Place, name: string): void {
  const { resource, schemas, base, scope } = place;
  const shape = subresourceShape(resource, name);
  const path = `${base}/{name}/${name}`;
  const id = `${scope}${resource.kind}${name === 'ephemeralcontainers' ? 'Ephemeralcontainers' : capital(name)}`;
  if (CONNECT.includes(name)) return connected(paths, place, shape, path, id);
  if (name === 'log' || name === 'why') {
    const answer = name === 'log' ? { schema: { type: 'string' }, types: ['text/plain'] } : { schema: { type: 'object' }, kind: shape };
    const read = operation({ resource, verb: 'read', id, action: 'get', ...answer });
    paths[path] = { get: read, parameters: [inPath('name'), ...place.parameters] };
    return;
  }
  const isOwn = shape.model === undefined;
  const schema = isOwn ? schemas.schemaOf(resource) : schemas.modelOf(shape.model, shape);
  paths[path] = itemOf(place, shape.verbs, { id, schema, ...(isOwn ? {} : { kind: shape }) });
}

/** What is no object but a connection: whatever comes back is text. */
function connected(paths: Paths, { resource, parameters }: Place, shape: SubresourceShape, path: string, id: string): void {
  const way = (suffix: string) =>
    Object.fromEntries(
      shape.verbs.map((verb) => {
        const named = `${capital(METHODS[verb] ?? verb)}${id}${suffix}`;
        const kind = { group: shape.group, version: shape.version, kind: shape.kind };
        return [METHODS[verb], operation({ resource, verb: 'connect', id: named, action: 'connect', schema: { type: 'string' }, types: ['*/*'], kind })];
      }),
    );
  const own = [inPath('name'), ...parameters.filter((one) => one !== PRETTY)];
  paths[path] = { ...way(''), parameters: own };
  if (path.endsWith('/proxy')) paths[`${path}/{path}`] = { ...way('WithPath'), parameters: [...own, inPath('path')] };
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);
