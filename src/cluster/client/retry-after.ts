import type { IncomingMessage } from 'node:http';
import { type Clock, systemClock } from '#kit';

/** As often as client-go. */
const TRIES_MAX = 10;
const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

/**
 * Asks again for as long as the server answers that it did nothing and when it may be asked again (429 or 5xx with `Retry-After`), up to ten
 * times in all; answers the last response. Rejects as `ask`, and with the signal's reason when that is aborted meanwhile.
 */
export async function patiently(
  ask: () => Promise<IncomingMessage>,
  signal: AbortSignal | undefined,
  clock: Pick<Clock, 'sleep'> = systemClock,
): Promise<IncomingMessage> {
  for (let tries = 1; ; tries += 1) {
    const response = await ask();
    const wait_s = retryAfter(response);
    if (wait_s === undefined || tries === TRIES_MAX) return response;
    // The connection is free again when its answer was read.
    response.resume();
    await clock.sleep(wait_s * 1000, signal);
  }
}

/** In seconds; undefined where nothing is said of it. */
function retryAfter({ statusCode = 0, headers }: IncomingMessage): number | undefined {
  if (statusCode !== TOO_MANY_REQUESTS && statusCode < SERVER_ERROR) return undefined;
  return /^\d{1,4}$/.test(headers['retry-after'] ?? '') ? Number(headers['retry-after']) : undefined;
}
