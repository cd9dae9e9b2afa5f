import type { V1Container, V1Probe } from '#cluster/api';
import type { Clock, Timer } from '#kit';
import { performProbe, type ProbeTarget } from './perform.ts';
import { afterResult, nextProbe_ms, type ProbeState, UNDECIDED } from './probe-state.ts';

export type ProbeKind = 'startup' | 'liveness' | 'readiness';
export interface ContainerProbesOptions {
  readonly clock: Clock;
  readonly target: ProbeTarget;
  /** Milliseconds since the epoch: initial delays count from there. */
  readonly startedAt_ms: number;
  /** What was known of this very run before the agent started: it holds until a probe says otherwise. */
  readonly known?: { readonly started: boolean; readonly ready: boolean };
  /** Something that the Pod's status shows changed. */
  readonly onChange: () => void;
  readonly onFailure: (kind: ProbeKind, output: string) => void;
}
interface Running {
  state: ProbeState;
  tries: number;
  timer: Timer | undefined;
}

const QUIET_MS = 1000;

/** The probes of one run of a container. */
export class ContainerProbes implements Disposable {
  readonly #container: V1Container;
  readonly #options: ContainerProbesOptions;
  readonly #probes = new Map<ProbeKind, Running>();
  #stopped = false;
  #ready: boolean;
  #started: boolean;
  #unhealthy: { readonly words: string; readonly grace_seconds?: number } | undefined;

  constructor(container: V1Container, options: ContainerProbesOptions) {
    this.#container = container;
    this.#options = options;
    this.#started = options.known?.started ?? container.startupProbe === undefined;
    this.#ready = container.readinessProbe === undefined || (options.known?.ready ?? false);
    if (this.#started) this.#begin();
    else this.#plan('startup', this.#delay_ms(container.startupProbe));
  }

  get started(): boolean {
    return this.#started;
  }
  get ready(): boolean {
    return this.#started && this.#ready;
  }
  /** Why it must be ended. */
  get unhealthy(): { readonly words: string; readonly grace_seconds?: number } | undefined {
    return this.#unhealthy;
  }

  [Symbol.dispose](): void {
    this.#stopped = true;
    for (const { timer } of this.#probes.values()) timer?.[Symbol.dispose]();
  }

  #begin(): void {
    for (const kind of ['liveness', 'readiness'] as const) {
      const probe = this.#probeOf(kind);
      if (probe !== undefined) this.#plan(kind, this.#delay_ms(probe));
    }
  }

  #probeOf(kind: ProbeKind): V1Probe | undefined {
    const { startupProbe, livenessProbe, readinessProbe } = this.#container;
    return { startup: startupProbe, liveness: livenessProbe, readiness: readinessProbe }[kind];
  }

  #delay_ms(probe: V1Probe | undefined): number {
    const age_ms = this.#options.clock.now() - this.#options.startedAt_ms;
    return Math.max(0, (probe?.initialDelaySeconds ?? 0) * 1000 - age_ms);
  }

  #plan(kind: ProbeKind, delay_ms: number): void {
    const running = this.#probes.get(kind) ?? { state: UNDECIDED, tries: 0, timer: undefined };
    this.#probes.set(kind, running);
    running.timer = this.#options.clock.setTimer(delay_ms, () => void this.#probe(kind, running));
  }

  async #probe(kind: ProbeKind, running: Running): Promise<void> {
    const probe = this.#probeOf(kind);
    if (probe === undefined) return;
    const { success, output } = await performProbe(probe, this.#options.target, this.#options.clock);
    if (this.#stopped) return;
    running.tries += 1;
    const before = running.state;
    running.state = afterResult(before, success, probe);
    const eager = kind === 'readiness' && running.state.verdict !== true && !this.#ready;
    if (!success && !(eager && this.#isYoung())) this.#options.onFailure(kind, output);
    const goesOn = this.#judge(kind, running, success, probe);
    if (goesOn) this.#plan(kind, nextProbe_ms(probe, eager, running.tries));
  }

  /** A server that is just coming up refuses the first eager tries: no news. */
  #isYoung(): boolean {
    return this.#options.clock.now() - this.#options.startedAt_ms < QUIET_MS;
  }

  #judge(kind: ProbeKind, { state }: Running, success: boolean, probe: V1Probe): boolean {
    const { name } = this.#container;
    if (kind === 'readiness') {
      if (state.verdict !== undefined) this.#setReady(state.verdict);
      // Not ready before a probe said so: one failure decides nothing new, one success may need more.
      return true;
    }
    if (state.verdict === false && !success) {
      const grace_seconds = probe.terminationGracePeriodSeconds;
      this.#unhealthy = { words: `Container ${name} failed ${kind} probe, will be restarted`, ...(grace_seconds === undefined ? {} : { grace_seconds }) };
      this.#options.onChange();
      return false;
    }
    if (kind === 'startup' && state.verdict === true) {
      this.#started = true;
      this.#begin();
      this.#options.onChange();
      return false;
    }
    return true;
  }

  #setReady(ready: boolean): void {
    if (this.#ready === ready) return;
    this.#ready = ready;
    this.#options.onChange();
  }
}
