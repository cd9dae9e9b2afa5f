import { manifestInvalid } from './errors.ts';

/** A manifest or configuration that is larger is not believed (OCI distribution-spec, "Pushing Manifests": at least 4 MiB are to be taken). */
export const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;
/** Deeper than any true one; what lies deeper could be read, and never be written again. */
const DEPTH_MAX = 100;

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\[]{}');

/** The object that a document of JSON is. Errors: `MANIFEST_INVALID`. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > DOCUMENT_BYTES_MAX) throw manifestInvalid(`it has ${bytes.length} bytes, more than the ${DOCUMENT_BYTES_MAX} allowed`);
  if (isDeep(bytes)) throw manifestInvalid(`its lists and objects lie more than ${DEPTH_MAX} deep in one another`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw manifestInvalid('it is no JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw manifestInvalid('it is no JSON object');
  return { ...value };
}

function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let isText = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      if (depth > DEPTH_MAX) return true;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) depth -= 1;
  }
  return false;
}
