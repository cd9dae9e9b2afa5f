import type { V1Probe } from '#cluster/api';

/** The results of one probe so far. */
export interface ProbeState {
  /** undefined until it is decided. */
  readonly verdict: boolean | undefined;
  /** How many like the last one came in a row. */
  readonly streak: number;
  readonly last: boolean | undefined;
}

export const UNDECIDED: ProbeState = { verdict: undefined, streak: 0, last: undefined };

/** After one more result: the verdict changes once `successThreshold` or `failureThreshold` results in a row agree. Pure. */
export function afterResult(state: ProbeState, success: boolean, probe: V1Probe): ProbeState {
  const streak = state.last === success ? state.streak + 1 : 1;
  const needed = success ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
  return { verdict: streak >= needed ? success : state.verdict, streak, last: success };
}

const EAGER_FIRST_MS = 50;

/**
 * How long after the `tries`-th try the next one comes. A readiness probe that never succeeded yet is tried sooner than its
 * period, as Kubernetes allows, so that a container that needs 100 ms is not waited for 10 s. Pure.
 */
export function nextProbe_ms(probe: V1Probe, eager: boolean, tries: number): number {
  const period_ms = (probe.periodSeconds || 10) * 1000;
  return eager ? Math.min(period_ms, EAGER_FIRST_MS * 2 ** Math.min(tries - 1, 20)) : period_ms;
}
