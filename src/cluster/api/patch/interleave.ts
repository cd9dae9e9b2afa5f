/**
 * `named` in their order; each of the others comes before the first of those that it stood before. `place` tells where an
 * item stood, -1 for one that is new.
 */
export function interleave<T>(named: readonly T[], others: readonly T[], place: (item: T) => number): T[] {
  const waiting = [...others];
  const result: T[] = [];
  for (const item of named) {
    const here = place(item);
    for (let next = waiting[0]; next !== undefined && place(next) < here; next = waiting[0]) {
      result.push(next);
      waiting.shift();
    }
    result.push(item);
  }
  return [...result, ...waiting];
}
