import type { IncomingMessage } from 'node:http';
import { badRequest } from '#cluster/api';
import { decodeProtobuf, PROTOBUF_TYPE } from '../protobuf/decode.ts';
import { bodyTooLarge, unsupportedMediaType } from '../errors.ts';
import type { Body } from './body-value.ts';
import { refuseDepth } from './depth.ts';
import { countFields, jsonShape, repeatedFields } from './json-text.ts';
import type { YamlReader } from './yaml-reader.ts';

export const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** What an object may be written in; a patch has types of its own. */
export const READABLE: readonly string[] = ['application/json', 'application/yaml', 'application/cbor', PROTOBUF_TYPE];

/** The whole body. Errors: 413 past `BODY_BYTES_MAX`. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  // The answer to a body that is too large still goes back by the same connection.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    // An IncomingMessage without an encoding hands out Buffers.
    const bytes = part as Buffer;
    total += bytes.length;
    if (total > BODY_BYTES_MAX) throw bodyTooLarge(BODY_BYTES_MAX);
    parts.push(bytes);
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}

/** The value that the bytes stand for. Errors: 415 for a form that is not read, 400 for text that is not that form or nests too deep. */
export async function parseBody(bytes: Buffer, mediaType: string, yaml: YamlReader): Promise<Body> {
  if (mediaType === PROTOBUF_TYPE) return { value: decodeProtobuf(bytes), repeated: [] };
  try {
    if (mediaType === 'application/json' || mediaType.endsWith('+json') || mediaType === '') return parseJson(bytes);
    if (mediaType === 'application/cbor' || mediaType.endsWith('+cbor')) return await parseCbor(bytes);
    // YAML is a superset of JSON, but JSON's own parser is many times faster.
    if (mediaType.endsWith('yaml')) return bytes[0] === OPEN_OBJECT ? await parseJsonOrYaml(bytes, yaml) : await yaml.read(bytes);
  } catch (error) {
    throw badRequest(`Cannot read the request body: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw unsupportedMediaType(mediaType, READABLE);
}

const OPEN_OBJECT = 0x7b;

function parseJson(bytes: Buffer): Body {
  const { fields, depth } = jsonShape(bytes);
  refuseDepth(depth);
  const text = bytes.toString('utf8');
  const value: unknown = JSON.parse(text);
  // Where the parser kept fewer fields than there are, some stood there twice.
  const repeated = countFields(value) === fields ? [] : repeatedFields(text).map((path) => `duplicate field "${path}"`);
  return { value, repeated };
}

async function parseJsonOrYaml(bytes: Buffer, yaml: YamlReader): Promise<Body> {
  try {
    return parseJson(bytes);
  } catch {
    // A flow mapping of YAML begins with a brace too: what is wrong with the text, YAML's parser says.
    return await yaml.read(bytes);
  }
}

async function parseCbor(bytes: Buffer): Promise<Body> {
  const { decodeCbor } = await import('../cbor/decode.ts');
  const { value, repeated } = decodeCbor(bytes);
  return { value, repeated: repeated.map((path) => `duplicate field "${path}"`) };
}
