import type { IncomingMessage } from 'node:http';
import { badRequest } from '#cluster/api';
import { decodeProtobuf, PROTOBUF_TYPE } from '../protobuf/decode.ts';
import { bodyTooLarge, unsupportedMediaType } from '../errors.ts';

export const BODY_BYTES_MAX = 3 * 1024 * 1024;
const READABLE = ['application/json', 'application/yaml', PROTOBUF_TYPE];

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

/** The value that the bytes stand for. Errors: 415 for a form that is not read, 400 for text that is not that form. */
export async function parseBody(bytes: Buffer, mediaType: string): Promise<unknown> {
  if (mediaType === PROTOBUF_TYPE) return decodeProtobuf(bytes);
  const text = bytes.toString('utf8');
  try {
    if (mediaType === 'application/json' || mediaType.endsWith('+json') || mediaType === '') return JSON.parse(text);
    // YAML is a superset of JSON, but JSON's own parser is many times faster.
    if (mediaType.endsWith('yaml')) return text.startsWith('{') ? await parseJsonOrYaml(text) : await parseYaml(text);
  } catch (error) {
    throw badRequest(`Cannot read the request body: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw unsupportedMediaType(mediaType, READABLE);
}

async function parseJsonOrYaml(text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch {
    // A flow mapping of YAML begins with a brace too: what is wrong with the text, YAML's parser says.
    return await parseYaml(text);
  }
}

/** The parser is loaded when the first client sends YAML: most never do, and a start is quicker without. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  return parse(text);
}
