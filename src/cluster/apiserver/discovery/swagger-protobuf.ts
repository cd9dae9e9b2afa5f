import { type WireValue, writeMessage } from '../protobuf/writer.ts';
import { inTurns, type Swagger } from './swagger.ts';

type Json = Readonly<Record<string, unknown>>;

/** A Swagger document as protocol buffers, by the numbers of gnostic's `openapi.v2`: the form in which kubectl and Helm ask for it. */
export async function encodeSwagger({ swagger, info, paths, definitions }: Swagger): Promise<Buffer> {
  const all = (of: Swagger['paths'], encode: (value: Json) => Buffer) =>
    inTurns(Object.entries(of), ([name, value]) => writeMessage({ 1: name, 2: encode(value) }));
  return writeMessage({
    1: swagger,
    2: writeMessage({ 1: info.title, 2: info.version }),
    8: writeMessage({ 2: await all(paths, pathItem) }),
    9: writeMessage({ 1: await all(definitions, schema) }),
  });
}

function named(entries: unknown, encode: (value: Json) => Buffer): readonly Buffer[] {
  // Each is an object of JSON as `swaggerOf` makes them.
  return Object.entries((entries ?? {}) as Record<string, Json>).map(([name, value]) => writeMessage({ 1: name, 2: encode(value) }));
}

function schema(json: Json): Buffer {
  const { properties, items, additionalProperties: additional, type } = json;
  return writeMessage({
    1: text(json.$ref),
    2: text(json.format),
    3: text(json.title),
    4: text(json.description),
    19: texts(json.required),
    20: Array.isArray(json.enum) ? json.enum.map(any) : undefined,
    21: additional === undefined ? undefined : writeMessage(typeof additional === 'boolean' ? { 2: additional } : { 1: schema(additional as Json) }),
    22: typeof type === 'string' ? writeMessage({ 1: type }) : undefined,
    23: items === undefined ? undefined : writeMessage({ 1: schema(items as Json) }),
    25: properties === undefined ? undefined : writeMessage({ 1: named(properties, schema) }),
    31: extensions(json),
  });
}

function pathItem(json: Json): Buffer {
  const one = (method: string) => (json[method] === undefined ? undefined : operation(json[method] as Json));
  return writeMessage({ 2: one('get'), 3: one('put'), 4: one('post'), 5: one('delete'), 8: one('patch'), 9: parameters(json.parameters) });
}

function operation(json: Json): Buffer {
  const responses = named(json.responses, (response) =>
    writeMessage({
      1: writeMessage({ 1: text(response.description), 2: response.schema === undefined ? undefined : writeMessage({ 1: schema(response.schema as Json) }) }),
    }),
  );
  return writeMessage({
    1: texts(json.tags),
    3: text(json.description),
    5: text(json.operationId),
    6: texts(json.produces),
    7: texts(json.consumes),
    8: parameters(json.parameters),
    9: writeMessage({ 1: responses }),
    13: extensions(json),
  });
}

function parameters(list: unknown): readonly Buffer[] {
  return ((list ?? []) as readonly Json[]).map((parameter) => writeMessage({ 1: parameterItem(parameter) }));
}

function parameterItem(json: Json): Buffer {
  const common = { required: json.required === true, in: text(json.in), description: text(json.description), name: text(json.name), type: text(json.type) };
  if (json.in === 'body') {
    const body = writeMessage({ 1: common.description, 2: common.name, 3: common.in, 4: common.required, 5: schema(json.schema as Json) });
    return writeMessage({ 1: body });
  }
  const query = json.in === 'query';
  const own = writeMessage({ 1: common.required, 2: common.in, 3: common.description, 4: common.name, [query ? 6 : 5]: common.type });
  return writeMessage({ 2: writeMessage({ [query ? 3 : 4]: own }) });
}

/** `x-…`, each as the YAML that it is. */
function extensions(json: Json): readonly Buffer[] {
  return Object.entries(json).flatMap(([name, value]) => (name.startsWith('x-') ? [writeMessage({ 1: name, 2: any(value) })] : []));
}

const any = (value: unknown): Buffer => writeMessage({ 2: `${JSON.stringify(value)}\n` });
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const texts = (value: unknown): WireValue => (Array.isArray(value) ? value.map(String) : undefined);
