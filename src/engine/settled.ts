/** All of them, also when one fails: what is under way must be over before it is undone. */
export async function settled<const T extends readonly Promise<unknown>[]>(tasks: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const results = await Promise.allSettled(tasks);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return await Promise.all(tasks);
}
