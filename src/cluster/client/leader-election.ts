import type { V1Lease } from '#cluster/api';
import { type Clock, type Logger, messageOf } from '#kit';
import { isStatus } from './errors.ts';
import { LEASES } from './refs.ts';
import type { ClusterClient, ResourceClient } from './types.ts';

const NAMESPACE = 'kube-system';
/** As kube-controller-manager and kube-scheduler have them. */
const LEASE_MS = 15_000;
const RENEW_DEADLINE_MS = 10_000;
const RETRY_MS = 2000;

export interface LeaderElectionOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of the Lease in kube-system, such as `kube-scheduler`. */
  readonly name: string;
  /** Who this is; no two candidates may share it. */
  readonly identity: string;
  /** Begins to lead. A leader that can't begin gives the lease back. */
  lead(): Promise<void>;
  /** Has done with leading, or with what was begun of it; may be called twice. The next leader waits for it at a clean stop. */
  cease(): Promise<void>;
}

/** One candidate among those that share a Lease: at most one of them leads. */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #leases: ResourceClient<V1Lease>;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #leading = false;
  /** What stood there last, and since when by our own clock: those of machines differ. */
  #observed: { readonly version: string; readonly at_ms: number } | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leases = options.client.resource<V1Lease>(LEASES);
  }

  get leading(): boolean {
    return this.#leading;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ceases to lead, then gives the lease back, so that another one leads at its next look. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const { logger, name, identity } = this.#options;
    while (!signal.aborted) {
      if (await this.#tryHold()) {
        logger.info('leads', { lease: name, identity });
        await this.#term();
        logger.info('leads no longer', { lease: name, identity });
      }
      await this.#pause(signal);
    }
  }

  /** From the beginning to the end of leading. */
  async #term(): Promise<void> {
    const { logger, name } = this.#options;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#stop.signal, ended.signal]);
    this.#leading = true;
    const beginning = this.#options.lead();
    try {
      await Promise.race([this.#keep(signal), beginning.then(() => untilAborted(signal))]);
    } catch (error) {
      logger.error('Cannot lead', { lease: name, error });
    }
    ended.abort();
    this.#leading = false;
    await this.#options.cease();
    // What was still beginning is ended as well.
    await Promise.allSettled([beginning]);
    await this.#options.cease();
    await this.#giveBack();
  }

  /** Renews the lease until told to stop, or until it could not be renewed for so long that another one may soon take it. */
  async #keep(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let renewed_ms = clock.monotonic();
    for (;;) {
      await this.#pause(signal);
      const asked_ms = clock.monotonic();
      const left_ms = renewed_ms + RENEW_DEADLINE_MS - asked_ms;
      if (signal.aborted || left_ms <= 0) return;
      // An answer that comes later than that helps no more.
      const late = Promise.withResolvers<boolean>();
      using _timer = clock.setTimer(left_ms, () => late.resolve(false));
      if (await Promise.race([this.#tryHold(), late.promise])) renewed_ms = asked_ms;
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    await this.#options.clock.sleep(RETRY_MS, signal).catch((reason: unknown) => {
      if (!signal.aborted) throw reason;
    });
  }

  /** Takes or renews the lease; false where another one holds it, or it can't be said. */
  async #tryHold(): Promise<boolean> {
    const { logger, name, clock } = this.#options;
    try {
      const standing = await this.#read();
      if (standing === undefined) {
        await this.#leases.create({
          apiVersion: 'coordination.k8s.io/v1',
          kind: 'Lease',
          metadata: { name, namespace: NAMESPACE },
          spec: this.#spec(undefined),
        });
        return true;
      }
      const version = standing.metadata.resourceVersion ?? '';
      if (this.#observed?.version !== version) this.#observed = { version, at_ms: clock.monotonic() };
      if (!this.#mayTake(standing, this.#observed.at_ms)) return false;
      await this.#leases.update({ ...standing, spec: this.#spec(standing) });
      return true;
    } catch (error) {
      // Another one was quicker, or the API server is out of reach: the next try tells.
      if (!isStatus(error, 'Conflict', 'AlreadyExists')) logger.warn('Cannot renew a lease', { lease: name, error: messageOf(error) });
      return false;
    }
  }

  async #read(): Promise<V1Lease | undefined> {
    try {
      return await this.#leases.get(this.#options.name, NAMESPACE);
    } catch (error) {
      if (isStatus(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  #mayTake({ spec }: V1Lease, observedAt_ms: number): boolean {
    const holder = spec?.holderIdentity ?? '';
    if (holder === '' || holder === this.#options.identity) return true;
    return this.#options.clock.monotonic() - observedAt_ms > (spec?.leaseDurationSeconds ?? 0) * 1000;
  }

  #spec(standing: V1Lease | undefined): NonNullable<V1Lease['spec']> {
    const { identity, clock } = this.#options;
    const before = standing?.spec;
    const now = microTime(clock);
    const isOurs = before?.holderIdentity === identity;
    return {
      ...before,
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_MS / 1000,
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (isOurs || before === undefined ? 0 : 1),
    };
  }

  async #giveBack(): Promise<void> {
    const { identity, logger, name, clock } = this.#options;
    try {
      const standing = await this.#read();
      if (standing?.spec?.holderIdentity !== identity) return;
      await this.#leases.update({ ...standing, spec: { ...standing.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock) } });
    } catch (error) {
      // It ends by itself; another one leads only later.
      logger.warn('Cannot give a lease back', { lease: name, error: messageOf(error) });
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Now, as Kubernetes' MicroTime has it: RFC 3339 with six digits. */
function microTime(clock: Clock): NonNullable<NonNullable<V1Lease['spec']>['renewTime']> {
  return new Date(clock.now()).toISOString().replace('Z', '000Z');
}
