import { isDeepStrictEqual } from 'node:util';
import type { V1Endpoint } from '#cluster/api';
import { Backoff } from '#cluster/client';
import { messageOf } from '#kit';
import type { ServiceRule } from '#network';
import type { ServiceProxy, ServiceProxyOptions } from '../types.ts';
import { isReady } from './endpoints.ts';
import { servicesToRules } from './services-to-rules.ts';
import { unsupported } from './unsupported.ts';

const RETRY_FIRST_MS = 100;
const RETRY_LONGEST_MS = 10_000;
const DRAINING_MAX = 4096;

/** Keeps the machine's rules as the cluster's Services say. */
export function createServiceProxy(options: ServiceProxyOptions): ServiceProxy {
  return new RuleKeeper(options);
}

interface Waiter {
  readonly pod: { readonly uid: string; readonly address: string };
  readonly resolve: () => void;
}

class RuleKeeper implements ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  readonly #subscriptions: Disposable[] = [];
  /** Pods that end on this node: their addresses, by their uids. */
  readonly #draining = new Map<string, string>();
  #waiters: readonly Waiter[] = [];
  #applied: readonly ServiceRule[] | undefined;
  #dirty = false;
  #applying: Promise<void> | undefined;
  #said: ReadonlySet<string> = new Set();
  #failure: string | undefined;
  #state: 'starting' | 'ready' | 'stopped' = 'starting';
  readonly #first = Promise.withResolvers<void>();

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random, RETRY_FIRST_MS, RETRY_LONGEST_MS);
  }

  async start(): Promise<void> {
    const { services, slices } = this.#options.state;
    const changed = () => this.#change();
    const [ending = []] = await Promise.all([this.#options.ending?.(), this.#options.state.start()]);
    for (const { uid, address } of ending) this.#draining.set(uid, address);
    this.#subscriptions.push(services.onChange(changed), slices.onChange(changed));
    this.#change();
    await this.#first.promise;
    if (this.#state === 'starting') this.#state = 'ready';
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    for (const subscription of this.#subscriptions.splice(0)) subscription[Symbol.dispose]();
    this.#stopping.abort();
    await this.#applying;
    for (const { resolve } of this.#waiters) resolve();
    this.#first.resolve();
  }

  async drained(pod: { readonly uid: string; readonly address: string }): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#draining.set(pod.uid, pod.address);
    const [oldest] = this.#draining.keys();
    if (this.#draining.size > DRAINING_MAX && oldest !== undefined) this.#draining.delete(oldest);
    const left = Promise.withResolvers<void>();
    this.#waiters = [...this.#waiters, { pod, resolve: left.resolve }];
    this.#change();
    await left.promise;
  }

  health(): ReturnType<ServiceProxy['health']> {
    return { state: this.#state, services: this.#options.state.services.list().length, ...(this.#failure === undefined ? {} : { failure: this.#failure }) };
  }

  /** One application runs at a time; what comes meanwhile is taken together by the next. */
  #change(): void {
    this.#dirty = true;
    this.#applying ??= this.#apply().finally(() => {
      this.#applying = undefined;
    });
  }

  async #apply(): Promise<void> {
    // Changes that come in one go are one.
    await Promise.resolve();
    while (this.#dirty && !this.#stopping.signal.aborted) {
      this.#dirty = false;
      try {
        await this.#applyOnce();
        this.#backoff.reset();
        this.#failure = undefined;
        this.#first.resolve();
      } catch (error) {
        this.#failure = messageOf(error);
        this.#dirty = true;
        this.#options.logger.warn('Cannot set the rules of the Services; trying again', { error });
        await this.#options.clock.sleep(this.#backoff.next(), this.#stopping.signal).catch(() => undefined);
      }
    }
  }

  async #applyOnce(): Promise<void> {
    const { state, network, nodeName, dns } = this.#options;
    // Whoever comes while these rules are being set may still be in them, and waits for the next.
    const waiters = this.#waiters;
    const rules = servicesToRules(state.services.list(), state.slices.list(), {
      nodeName,
      isDraining: (endpoint) => this.#isDraining(endpoint),
      ...(dns === undefined ? {} : { dns }),
    });
    if (!isDeepStrictEqual(rules, this.#applied)) await network.setServices(rules);
    this.#applied = rules;
    this.#sayUnsupported();
    this.#release(waiters);
  }

  /** Once for each Service and matter. */
  #sayUnsupported(): void {
    const words = this.#options.state.services
      .list()
      .flatMap((service) => unsupported(service).map((why) => `${service.metadata.namespace}/${service.metadata.name}: ${why}`));
    for (const one of words) if (!this.#said.has(one)) this.#options.logger.warn('A Service asks for what the rules do not do', { why: one });
    this.#said = new Set(words);
  }

  #isDraining({ targetRef, addresses }: V1Endpoint): boolean {
    if (targetRef?.uid !== undefined) return this.#draining.has(targetRef.uid);
    return [...this.#draining.values()].some((address) => addresses.includes(address));
  }

  /** Those whom the rules just set leave alone, and whom the cluster no longer calls ready, may end. */
  #release(candidates: readonly Waiter[]): void {
    const { slices } = this.#options.state;
    const stillReady = ({ pod }: Waiter) =>
      slices
        .byIndex('address', pod.address)
        .some(({ endpoints = [] }) =>
          endpoints.some((endpoint) => endpoint.addresses.includes(pod.address) && isReady(endpoint) && (endpoint.targetRef?.uid ?? pod.uid) === pod.uid),
        );
    const released = candidates.filter((waiter) => !stillReady(waiter));
    this.#waiters = this.#waiters.filter((waiter) => !released.includes(waiter));
    for (const { resolve } of released) resolve();
  }
}
