/** Deeper than any object is; what walks through objects calls itself for each level. */
export const DEPTH_MAX = 1000;

export function refuseDepth(depth: number): void {
  if (depth > DEPTH_MAX) throw new RangeError(`exceeded max depth: objects and lists may stand ${DEPTH_MAX} deep in each other`);
}

/** How deep objects and lists stand in each other in the value; anything past the bound where it is deeper. */
export function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return depth;
  let deepest = depth + 1;
  for (const item of Object.values(value)) deepest = Math.max(deepest, depthOf(item, depth + 1));
  return deepest;
}
