/** A count, or the share of `total` that a percentage names. `undefined` for what is neither. */
export function resolveIntOrPercent(value: number | string, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  const match = /^(\d+)%$/.exec(value);
  if (match === null) return undefined;
  const share = (Number(match[1]) * total) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}
