/**
 * In which order a list stands into which another was applied, told by what items are known by: those that only stand there keep
 * their places before what is applied, which keeps its own order. Each name once.
 */
export function mergeOrder(standing: readonly string[], applied: readonly string[]): readonly string[] {
  const [isStanding, isApplied] = [new Set(standing), new Set(applied)];
  const shared = applied.filter((name) => isStanding.has(name));
  const order = new Set<string>();
  let [left, right, next] = [0, 0, 0];
  while (left < standing.length || right < applied.length) {
    const [here, there] = [standing[left], applied[right]];
    if (here === undefined && there === undefined) break;
    if (here !== undefined && !isApplied.has(here)) {
      order.add(here);
      left++;
    } else if (here !== undefined && (there === undefined || (here !== there && shared[next] !== here))) {
      // It stands where the applied list has it.
      left++;
    } else if (there !== undefined) {
      order.add(there);
      if (shared[next] === there) next++;
      if (here === there) left++;
      right++;
    }
  }
  return [...order];
}
