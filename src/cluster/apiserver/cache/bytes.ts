import type { KubeObject } from '#cluster/api';

/** What stands in the store for an object: its JSON without the resourceVersion, which only the store knows. */
interface Written {
  readonly value: Uint8Array;
  /** Where the resourceVersion belongs: behind the brace of the metadata. */
  readonly at: number;
  readonly revision: number;
}

/** JSON of frozen objects, shared by all who read or watch them. Of what stands in the store it is the store's own bytes, so that they are held once. */
const made = new WeakMap<object, Buffer | Written>();

const CLOSING_BRACE = 0x7d;

/** The object's JSON for the store. The metadata comes third, so that it is found again. */
export function storedText({ apiVersion, kind, metadata, ...rest }: KubeObject): Buffer {
  const { resourceVersion: _, ...kept } = metadata;
  const text = JSON.stringify({ apiVersion, kind, metadata: kept, ...rest });
  // Not of Node.js' pool: what stays for long would keep the rest of its slab, too.
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text));
  bytes.write(text);
  return bytes;
}

/** Says that the frozen object is what the store holds as `value` since `revision`. */
export function rememberWritten(object: KubeObject, value: Uint8Array, revision: number): void {
  const { apiVersion, kind } = object;
  const head = Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{`);
  // Older versions wrote the fields in another order: their JSON is made anew when it is asked for.
  if (value[head.length] === CLOSING_BRACE || head.compare(value, 0, head.length) !== 0) return;
  made.set(object, { value, at: head.length, revision });
}

/** The object's JSON, UTF-8. Only for objects that never change again. */
export function bytesOf(object: object): Buffer {
  const pieces = piecesOf(object);
  return pieces.length === 1 && pieces[0] instanceof Buffer ? pieces[0] : Buffer.concat(pieces);
}

/** The same, in the pieces that it is held in. */
export function piecesOf(object: object): readonly Uint8Array[] {
  const known = made.get(object);
  if (Buffer.isBuffer(known)) return [known];
  if (known !== undefined) {
    const { value, at, revision } = known;
    return [value.subarray(0, at), Buffer.from(`"resourceVersion":"${revision}",`), value.subarray(at)];
  }
  const bytes = Buffer.from(JSON.stringify(object));
  made.set(object, bytes);
  return [bytes];
}

/** Freezes the object and everything in it; answers the same object. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) deepFreeze(value[key]);
  return value;
}
