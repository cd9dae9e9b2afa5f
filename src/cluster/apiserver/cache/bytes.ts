import type { KubeObject } from '#cluster/api';
import { PackedText } from './packed-text.ts';
import { Texts } from './texts.ts';

/** JSON of frozen objects, shared by all who read or watch them: as it stands in the store, or as it was made of the object; or where it goes once it is made. */
const made = new WeakMap<object, Buffer | PackedText | Texts>();

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

/** Says that the frozen object is what the store holds as `value` since `revision`; its text is held beside its siblings'. */
export function rememberWritten(object: KubeObject, value: Uint8Array, revision: number, texts?: Texts): void {
  const { apiVersion, kind, metadata } = object;
  const head = Buffer.from(`{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},"metadata":{`);
  // Older versions wrote the fields in another order: their JSON is made anew when it is asked for.
  if (value[head.length] === CLOSING_BRACE || head.compare(value, 0, head.length) !== 0) return;
  const inserted = Buffer.from(`"resourceVersion":"${revision}",`);
  const pieces = [head, inserted, value.subarray(head.length)];
  made.set(object, texts?.pack(pieces, metadata.ownerReferences?.[0]?.uid ?? '') ?? Buffer.concat(pieces));
}

/** Says that the text of the frozen object is held beside its siblings' once somebody asks for it. */
export function rememberUnwritten(object: KubeObject, texts: Texts): void {
  made.set(object, texts);
}

/** The object's JSON, UTF-8. Only for objects that never change again. */
export function bytesOf(object: object): Buffer {
  const text = textOf(object);
  return text instanceof PackedText ? text.bytes : text;
}

/** How many bytes its JSON has. */
export function lengthOf(object: object): number {
  return textOf(object).length;
}

/** Whether its JSON begins so; ASCII. */
export function beginsWith(object: object, head: string): boolean {
  const text = textOf(object);
  return text instanceof PackedText ? text.beginsWith(head) : text.toString('latin1', 0, head.length) === head;
}

/** Writes its JSON but for the first bytes of it into what has room for it; answers where it ends. */
export function writeBytes(object: object, target: Buffer, start: number, skip = 0): number {
  const text = textOf(object);
  return text instanceof PackedText ? text.writeTo(target, start, skip) : start + text.copy(target, start, skip);
}

function textOf(object: object): Buffer | PackedText {
  const known = made.get(object);
  if (known !== undefined && !(known instanceof Texts)) return known;
  const text = known === undefined ? Buffer.from(JSON.stringify(object)) : packed(object as KubeObject /* `rememberUnwritten` saw it. */, known);
  made.set(object, text);
  return text;
}

/** As it would have been made of what the store holds. */
function packed({ apiVersion, kind, metadata, ...rest }: KubeObject, texts: Texts): PackedText {
  const { resourceVersion, ...kept } = metadata;
  const text = JSON.stringify({ apiVersion, kind, metadata: { resourceVersion, ...kept }, ...rest });
  return texts.pack([Buffer.from(text)], metadata.ownerReferences?.[0]?.uid ?? '');
}

/** Freezes the object and everything in it; answers the same object. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) deepFreeze(value[key]);
  return value;
}
