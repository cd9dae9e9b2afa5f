import type { Random } from '#kit';

const FIRST_DELAY_MS = 250;
const DELAY_MS_MAX = 10_000;
/** A registry that asks for more patience than this is told of, not waited for. */
export const PATIENCE_MS_MAX = 60_000;

/** How long to wait after so many failures: twice as long each time, the half of it by chance, so that those who failed together don't come back together. */
export function backOff_ms(failures: number, random: Random): number {
  const whole = Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), DELAY_MS_MAX);
  return whole / 2 + (whole / 2) * random.fraction();
}

/** What `Retry-After` asks for (RFC 9110, 10.2.3: seconds or a date); undefined when it asks for nothing. */
export function retryAfter_ms(header: string | undefined, now_ms: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const moment_ms = Date.parse(header);
  return Number.isNaN(moment_ms) ? undefined : Math.max(0, moment_ms - now_ms);
}
