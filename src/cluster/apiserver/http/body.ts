import type { IncomingMessage } from 'node:http';
import { badRequest } from '#cluster/api';
import { decodeProtobuf, PROTOBUF_TYPE } from '../protobuf/decode.ts';
import { bodyTooLarge, unsupportedMediaType } from '../errors.ts';
import { countFields, jsonShape, repeatedFields } from './json-text.ts';

export const BODY_BYTES_MAX = 3 * 1024 * 1024;
/** Deeper than any object is; what walks through objects calls itself for each level. */
export const DEPTH_MAX = 1000;
/** What an object may be written in; a patch has types of its own. */
export const READABLE: readonly string[] = ['application/json', 'application/yaml', 'application/cbor', PROTOBUF_TYPE];

/** What a body says, and which of its fields it says twice (in Kubernetes' words). */
export interface Body {
  readonly value: unknown;
  readonly repeated: readonly string[];
}

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
export async function parseBody(bytes: Buffer, mediaType: string): Promise<Body> {
  if (mediaType === PROTOBUF_TYPE) return { value: decodeProtobuf(bytes), repeated: [] };
  try {
    if (mediaType === 'application/json' || mediaType.endsWith('+json') || mediaType === '') return parseJson(bytes);
    if (mediaType === 'application/cbor' || mediaType.endsWith('+cbor')) return await parseCbor(bytes);
    // YAML is a superset of JSON, but JSON's own parser is many times faster.
    if (mediaType.endsWith('yaml')) return bytes[0] === OPEN_OBJECT ? await parseJsonOrYaml(bytes) : await parseYaml(bytes);
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

async function parseJsonOrYaml(bytes: Buffer): Promise<Body> {
  try {
    return parseJson(bytes);
  } catch {
    // A flow mapping of YAML begins with a brace too: what is wrong with the text, YAML's parser says.
    return await parseYaml(bytes);
  }
}

async function parseCbor(bytes: Buffer): Promise<Body> {
  const { decodeCbor } = await import('../cbor/decode.ts');
  const { value, repeated } = decodeCbor(bytes);
  return { value, repeated: repeated.map((path) => `duplicate field "${path}"`) };
}

/** The parser is loaded when the first client sends YAML: most never do, and a start is quicker without. */
async function parseYaml(bytes: Buffer): Promise<Body> {
  const { readYaml } = await import('./yaml-text.ts');
  const body = readYaml(bytes.toString('utf8'));
  refuseDepth(depthOf(body.value, 0));
  return body;
}

function refuseDepth(depth: number): void {
  if (depth > DEPTH_MAX) throw new RangeError(`exceeded max depth: objects and lists may stand ${DEPTH_MAX} deep in each other`);
}

function depthOf(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return depth;
  let deepest = depth + 1;
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item, depth + 1));
  return deepest;
}
