/** JSON of frozen objects, made once for each and shared by all who read or watch it. */
const made = new WeakMap<object, Buffer>();

/** The object's JSON, UTF-8. Only for objects that never change again. */
export function bytesOf(object: object): Buffer {
  const known = made.get(object);
  if (known) return known;
  const bytes = Buffer.from(JSON.stringify(object));
  made.set(object, bytes);
  return bytes;
}

/** Freezes the object and everything in it; answers the same object. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) deepFreeze(value[key]);
  return value;
}
