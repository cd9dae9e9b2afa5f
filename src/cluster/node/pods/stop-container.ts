import type { V1Container } from '#cluster/api';
import { messageOf } from '#kit';
import { runHook } from './hooks.ts';
import { type PodContext, tell } from './pod-context.ts';

export interface Stop {
  readonly container: V1Container;
  readonly id: string;
  readonly grace_seconds: number;
  readonly words: string;
  readonly address: string;
  /** Resolves when no new connections come; bounded by whoever gives it. */
  readonly drained: Promise<void>;
  /** The agent lets go: the next one does the rest. */
  readonly signal: AbortSignal;
}

const LEAST_SECONDS = 1;

/** Ends a run: out of its Services, the preStop hook, the stop signal, and after the grace period SIGKILL. */
export async function stopContainer(context: PodContext, stop: Stop): Promise<void> {
  const { runtime, clock } = context.agent;
  tell(context, 'Normal', 'Killing', stop.words, stop.container);
  const began_ms = clock.monotonic();
  await stop.drained;
  if (stop.signal.aborted) return;
  if (stop.grace_seconds > 0 && stop.container.lifecycle?.preStop !== undefined) await preStop(context, stop);
  const left_seconds = stop.grace_seconds - (clock.monotonic() - began_ms) / 1000;
  if (stop.signal.aborted) return;
  const ended = runtime.stopContainer(stop.id, stop.grace_seconds === 0 ? 0 : Math.max(LEAST_SECONDS, Math.ceil(left_seconds)));
  await unlessAborted(ended, stop.signal);
}

/** Waits for it no longer than until the signal is aborted. Errors: its own. */
export async function unlessAborted(task: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => aborted.resolve(), { once: true });
  if (signal.aborted) aborted.resolve();
  await Promise.race([task, aborted.promise]);
}

async function preStop(context: PodContext, stop: Stop): Promise<void> {
  const late = new AbortController();
  using _timer = context.agent.clock.setTimer(stop.grace_seconds * 1000, () => late.abort(new Error('the grace period ended before it did')));
  try {
    await runHook(context, stop.container, 'PreStop', stop.id, stop.address, AbortSignal.any([late.signal, stop.signal]));
  } catch (error) {
    if (!stop.signal.aborted) tell(context, 'Warning', 'FailedPreStopHook', messageOf(error), stop.container);
  }
}

const DRAIN_SECONDS_MAX = 2;
const SETTLE_MS = 100;
const SERVED_MS_MAX = 1_000;
const LOOK_AGAIN_MS = 20;

/**
 * Waits until no Service sends new connections to the Pod, 2 s or the grace period at most, a moment more for those on their way, and up to a
 * second for those that its servers are serving.
 */
export async function drain(context: PodContext, address: string, grace_seconds: number): Promise<void> {
  const { drained, clock, logger, drainSettle_ms = SETTLE_MS } = context.agent;
  const bound_ms = Math.min(DRAIN_SECONDS_MAX, grace_seconds) * 1000;
  if (drained === undefined || bound_ms <= 0 || address === '') return;
  const late = Promise.withResolvers<void>();
  using _timer = clock.setTimer(bound_ms, late.resolve);
  const began_ms = clock.monotonic();
  const left = drained({ uid: context.uid, address }).catch((error: unknown) =>
    logger.warn('Cannot take a Pod out of its Services', { pod: context.uid, error }),
  );
  await Promise.race([left, late.promise]);
  const wasReady = context.pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const settle_ms = Math.min(drainSettle_ms, bound_ms - (clock.monotonic() - began_ms));
  if (!wasReady || settle_ms <= 0) return;
  await clock.sleep(settle_ms);
  await untilServed(context, Math.min(clock.monotonic() + SERVED_MS_MAX, began_ms + bound_ms));
}

/** The kernel tells nobody that a connection has ended: it is looked at again and again. */
async function untilServed({ uid, agent: { network, clock, logger } }: PodContext, until_ms: number): Promise<void> {
  try {
    while (clock.monotonic() < until_ms && (await network.servedConnections(uid)) > 0) await clock.sleep(LOOK_AGAIN_MS);
  } catch (error) {
    logger.warn('Cannot see the connections of a Pod that ends', { pod: uid, error });
  }
}
