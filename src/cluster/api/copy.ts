/** A copy of a value of JSON that may be changed: what `structuredClone` gives, for a sixth of the work. */
export function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  // A list of the same items.
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return structuredClone(value);
  const copy = { ...value };
  for (const key in copy) copy[key] = copyOf(copy[key]);
  return copy;
}
