import { openApiSchemas, type ServedResource } from '#cluster/api';
import { openApiPaths } from './openapi-paths.ts';

type Json = Readonly<Record<string, unknown>>;

/** A Swagger document (OpenAPI 2.0): what older clients, Helm among them, know the kinds by. */
export interface Swagger {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Json>>;
  readonly definitions: Readonly<Record<string, Json>>;
}

/** Words of a schema that OpenAPI 2.0 has not; what they say is left out there, as Kubernetes leaves it out. */
const NOT_IN_2 = ['anyOf', 'oneOf', 'not', 'nullable', 'default'];

/** How many paths or schemas are handled before others have their turn: a millisecond of work. */
const ITEMS_A_TURN = 32;

/** Makes something of each, while the event loop goes on. */
export async function inTurns<T, R>(items: readonly T[], make: (item: T) => R): Promise<R[]> {
  const made: R[] = [];
  for (const item of items) {
    if (made.length % ITEMS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    made.push(make(item));
  }
  return made;
}

/** The schemas and paths of all resources in one document. */
export async function swaggerOf(resources: readonly ServedResource[], info: Swagger['info']): Promise<Swagger> {
  const all = openApiSchemas(resources);
  const { schemas } = all;
  await new Promise((resolve) => setImmediate(resolve));
  const paths = openApiPaths(resources, all);
  return {
    swagger: '2.0',
    info,
    // Made by `openApiPaths` of objects.
    paths: Object.fromEntries(await inTurns(Object.entries(paths), ([path, item]) => [path, pathItem(item as Json)])),
    definitions: Object.fromEntries(await inTurns(Object.entries(schemas), ([name, schema]) => [name, toVersion2(schema as Json)])),
  };
}

/** The document as JSON. */
export async function swaggerText({ swagger, info, paths, definitions }: Swagger): Promise<Buffer> {
  const fields = async (of: Swagger['paths']) =>
    (await inTurns(Object.entries(of), ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)).join(',');
  const head = JSON.stringify({ swagger, info }).slice(0, -1);
  return Buffer.from(`${head},"paths":{${await fields(paths)}},"definitions":{${await fields(definitions)}}}`);
}

/** A schema in the words of OpenAPI 2.0. */
function toVersion2(schema: Json): Json {
  const { allOf, ...rest } = schema;
  const [only] = Array.isArray(allOf) ? (allOf as readonly Json[]) : [];
  const entries = Object.entries(rest).flatMap(([word, content]): [string, unknown][] => {
    if (NOT_IN_2.includes(word)) return [];
    if (word === '$ref') return [[word, refOf(content)]];
    if (word === 'properties')
      return [[word, Object.fromEntries(Object.entries(content as Record<string, Json>).map(([name, property]) => [name, toVersion2(property)]))]];
    if (word === 'items' || (word === 'additionalProperties' && typeof content === 'object')) return [[word, toVersion2(content as Json)]];
    return [[word, content]];
  });
  // A text or a number is a text there.
  const type = schema.oneOf !== undefined && rest.type === undefined && rest.$ref === undefined ? { type: 'string' } : {};
  return { ...Object.fromEntries(entries), ...type, ...(only?.$ref === undefined ? {} : { $ref: refOf(only.$ref) }) };
}

const refOf = (text: unknown): string => String(text).replace('#/components/schemas/', '#/definitions/');

function pathItem(item: Json): Json {
  return Object.fromEntries(
    Object.entries(item).map(([word, content]) => {
      if (word === 'parameters') return [word, (content as readonly Json[]).map(parameter)];
      return [word, operation(content as Json)];
    }),
  );
}

function parameter({ schema, ...rest }: Json): Json {
  return { ...rest, ...(schema as Json), uniqueItems: true };
}

function operation({ parameters = [], requestBody, responses, ...rest }: Json): Json {
  const body = requestBody as { readonly required?: true; readonly content: Readonly<Record<string, { readonly schema: Json }>> } | undefined;
  const [consumed] = Object.values(body?.content ?? {});
  const own = (parameters as readonly Json[]).map(parameter);
  return {
    ...rest,
    ...(body === undefined ? {} : { consumes: Object.keys(body.content) }),
    produces: producedBy(responses as Responses),
    parameters:
      consumed === undefined
        ? own
        : [{ name: 'body', in: 'body', ...(body?.required === true ? { required: true } : {}), schema: toVersion2(consumed.schema) }, ...own],
    responses: Object.fromEntries(
      Object.entries(responses as Responses).map(([status, { description, content }]) => {
        const [first] = Object.values(content ?? {});
        return [status, { description, ...(first === undefined ? {} : { schema: toVersion2(first.schema) }) }];
      }),
    ),
  };
}

type Responses = Readonly<Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: Json }>> }>>;

function producedBy(responses: Responses): readonly string[] {
  return Object.keys(responses[200]?.content ?? {});
}
