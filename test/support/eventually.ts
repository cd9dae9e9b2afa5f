import { systemClock } from '#kit';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/**
 * Looks again and again until `look` answers something; for what announces itself by no event. An error of `look` is an answer
 * not yet given. Errors: after `within_ms`, with the words of the last one.
 */
export async function eventually<T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false, within_ms = 20_000): Promise<T> {
  const end_ms = systemClock.monotonic() + within_ms;
  let last: unknown = 'it answered nothing';
  for (let pause_ms = FIRST_PAUSE_MS; ; pause_ms = Math.min(pause_ms * 1.5, LONGEST_PAUSE_MS)) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (systemClock.monotonic() > end_ms) throw new Error(`not within ${within_ms} ms: ${what}`, { cause: last });
    await systemClock.sleep(pause_ms);
  }
}
