/** The entries that have a value: optional fields are left out, not set to undefined. */
export function defined<T extends object>(entries: { [K in keyof T]?: T[K] | undefined }): Partial<T> {
  // Only entries without a value were taken away.
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined)) as Partial<T>;
}
