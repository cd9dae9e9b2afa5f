import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#kit';
import { requestTimedOut } from '../errors.ts';

/** How long the rest of a body is read that nobody waits for, so that its sender sees the answer. */
const UNREAD_MS = 5_000;

/** Waits for the work so long. Errors: 504 where it is not done; a client that does not take its answer by then loses it. */
export async function inTime(
  { response }: { readonly response: ServerResponse },
  timeout_ms: number,
  clock: Pick<Clock, 'setTimer'>,
  work: () => Promise<void>,
): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = clock.setTimer(timeout_ms, () => {
    if (response.headersSent) response.destroy();
    else late.reject(requestTimedOut());
  });
  timer.unref();
  response.once('close', () => timer[Symbol.dispose]());
  await Promise.race([work(), late.promise]);
}

/** Ends the connection of a request that was answered already, and still does not end. */
export function leaveUnread(request: IncomingMessage, clock: Pick<Clock, 'setTimer'>): void {
  const timer = clock.setTimer(UNREAD_MS, () => {
    if (!request.complete) request.socket.destroy();
  });
  timer.unref();
  request.once('close', () => timer[Symbol.dispose]());
}

/** Waits for it, and no longer than that. */
export async function within(clock: Clock, time_ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const patience = clock.sleep(time_ms, done.signal).catch(() => undefined);
  await Promise.race([work, patience]);
  done.abort();
}
