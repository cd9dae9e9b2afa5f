import { systemClock } from '#kit';

const PAUSE_MS = 20;

/** Asks again and again until the answer is something, where no event tells. Errors: when the deadline passes, with what was waited for. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false, deadline_ms = 10_000): Promise<T> {
  const end_ms = systemClock.monotonic() + deadline_ms;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (systemClock.monotonic() > end_ms) throw new Error(`waited ${deadline_ms} ms in vain for ${what}`);
    await systemClock.sleep(PAUSE_MS);
  }
}
