import type { ExitState, RestartPolicy } from './types.ts';

const [FIRST_DELAY_MS, DELAY_MAX_MS, GOOD_RUN_MS] = [100, 60_000, 10_000];

/** What a policy says when a container has ended. */
export type RestartDecision = { readonly restart: false } | { readonly restart: true; readonly delay_ms: number };

/** Decides whether and after how long to start again. `streak` counts the short runs in a row before this one. Pure. */
export function decideRestart(
  policy: RestartPolicy | undefined,
  exit: ExitState,
  past: { restartCount: number; streak: number; stopRequested: boolean },
): RestartDecision {
  if (policy === undefined || policy.name === 'no' || past.stopRequested) return { restart: false };
  if (policy.name === 'on-failure') {
    if (exit.exitCode === 0) return { restart: false };
    if (policy.maximumRetries !== undefined && policy.maximumRetries > 0 && past.restartCount >= policy.maximumRetries) return { restart: false };
  }
  return { restart: true, delay_ms: Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** past.streak) };
}

/** The streak after this run: one that began and lasted ten seconds or more starts it anew. */
export function nextStreak(streak: number, exit: ExitState): number {
  const isGood = exit.error === undefined && exit.finishedAt_ms - exit.startedAt_ms >= GOOD_RUN_MS;
  return isGood ? 0 : Math.min(streak + 1, 20);
}

/** Whether the daemon's start starts it: `always` even when it was stopped by hand, as Docker does. */
export function startsWithDaemon(policy: RestartPolicy | undefined, stopRequested: boolean): boolean {
  return policy?.name === 'always' || (policy?.name === 'unless-stopped' && !stopRequested);
}
