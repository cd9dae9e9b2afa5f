const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A duration as kubectl shows ages: two units while the first is small, then one. */
export function humanDuration(duration_ms: number): string {
  const ms = Math.max(0, duration_ms);
  const whole = (unit: number) => Math.floor(ms / unit);
  const two = (unit: number, name: string, smaller: number, smallerName: string) => {
    const rest = Math.floor((ms % unit) / smaller);
    return rest === 0 ? `${whole(unit)}${name}` : `${whole(unit)}${name}${rest}${smallerName}`;
  };
  if (ms < 2 * MINUTE) return `${whole(SECOND)}s`;
  if (ms < 10 * MINUTE) return two(MINUTE, 'm', SECOND, 's');
  if (ms < 3 * HOUR) return `${whole(MINUTE)}m`;
  if (ms < 8 * HOUR) return two(HOUR, 'h', MINUTE, 'm');
  if (ms < 2 * DAY) return `${whole(HOUR)}h`;
  if (ms < 8 * DAY) return two(DAY, 'd', HOUR, 'h');
  if (ms < 2 * YEAR) return `${whole(DAY)}d`;
  if (ms < 8 * YEAR) return two(YEAR, 'y', DAY, 'd');
  return `${whole(YEAR)}y`;
}

/** The age of a timestamp; `<unknown>` without one. */
export function age(timestamp: string | undefined, now_ms: number): string {
  return timestamp === undefined ? '<unknown>' : humanDuration(now_ms - Date.parse(timestamp));
}
