import type { KubeObject, V1Pod } from '#cluster/api';
import { type ClusterClient, SERVICE_ACCOUNTS } from '#cluster/client';
import type { Clock, Logger, Timer } from '#kit';

/** A token of a Pod's account, as a projected volume wants it. */
export interface TokenWish {
  readonly audience?: string;
  readonly lifetime_s: number;
}
interface Held {
  readonly podUid: string;
  readonly token: string;
  readonly until_ms: number;
  /** From then on a new one is asked for. */
  readonly renew_ms: number;
}
interface TokenRequest extends KubeObject {
  readonly spec: object;
  readonly status?: { readonly token: string; readonly expirationTimestamp: string };
}

const DAY_MS = 86_400_000;
/** A token is renewed when it has lived four fifths of its time, or a day. */
const LIVED = 0.8;
const RETRY_MS = 10_000;

/** The tokens of the Pods' accounts, each bound to its Pod; whoever follows a Pod is told when one is due to be renewed. */
export class PodTokens {
  readonly #client: ClusterClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #held = new Map<string, Held>();
  readonly #followed = new Map<string, () => void>();
  /** When a token of a followed Pod is due next, by the Pod's uid. One timer waits for the first of them. */
  readonly #due = new Map<string, number>();
  #timer: { readonly at_ms: number; readonly timer: Timer } | undefined;

  constructor(client: ClusterClient, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#client = client;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Errors: the API's, where there is no token that still counts. */
  async token(pod: V1Pod, wish: TokenWish): Promise<string> {
    const { uid = '' } = pod.metadata;
    const key = JSON.stringify([uid, wish.audience ?? '', wish.lifetime_s]);
    const held = this.#held.get(key);
    const now_ms = this.#clock.now();
    if (held !== undefined && now_ms < held.renew_ms) return held.token;
    try {
      const fresh = await this.#ask(pod, wish, now_ms);
      this.#keep(key, fresh);
      return fresh.token;
    } catch (error) {
      if (held === undefined || now_ms >= held.until_ms) throw error;
      this.#logger.warn('Cannot renew the token of a Pod; the one it has still counts', { pod: `${pod.metadata.namespace}/${pod.metadata.name}`, error });
      this.#keep(key, { ...held, renew_ms: now_ms + RETRY_MS });
      return held.token;
    }
  }

  /** Calls `listener` whenever a token of the Pod is due; the Pod's tokens are forgotten with it. */
  follow(podUid: string, listener: () => void): Disposable {
    this.#followed.set(podUid, listener);
    this.#plan(podUid);
    return {
      [Symbol.dispose]: () => {
        this.#followed.delete(podUid);
        this.#due.delete(podUid);
        for (const [key, held] of this.#held) if (held.podUid === podUid) this.#held.delete(key);
      },
    };
  }

  stop(): void {
    this.#timer?.timer[Symbol.dispose]();
    this.#timer = undefined;
    this.#due.clear();
    this.#followed.clear();
  }

  #keep(key: string, held: Held): void {
    this.#held.set(key, held);
    this.#plan(held.podUid);
  }

  /** The Pod's listener is called when the first of its tokens is due. */
  #plan(podUid: string): void {
    const due = [...this.#held.values()].filter((held) => held.podUid === podUid).map(({ renew_ms }) => renew_ms);
    if (!this.#followed.has(podUid) || due.length === 0) this.#due.delete(podUid);
    else this.#due.set(podUid, Math.min(...due));
    this.#wait();
  }

  /** A timer that waits for something later than the first that is due is set anew; one that waits for what is gone finds nothing to tell. */
  #wait(): void {
    if (this.#due.size === 0) return;
    const at_ms = Math.min(...this.#due.values());
    if (this.#timer !== undefined && this.#timer.at_ms <= at_ms) return;
    this.#timer?.timer[Symbol.dispose]();
    const timer = this.#clock.setTimer(Math.max(1, at_ms - this.#clock.now()), () => this.#tell());
    timer.unref();
    this.#timer = { at_ms, timer };
  }

  #tell(): void {
    this.#timer = undefined;
    const now_ms = this.#clock.now();
    const pods = [...this.#due].filter(([, at_ms]) => at_ms <= now_ms).map(([uid]) => uid);
    for (const uid of pods) this.#due.delete(uid);
    this.#wait();
    for (const uid of pods) this.#followed.get(uid)?.();
  }

  async #ask({ metadata, spec }: V1Pod, { audience, lifetime_s }: TokenWish, now_ms: number): Promise<Held> {
    const { namespace = '', name = '', uid = '' } = metadata;
    const request: TokenRequest = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { namespace, name: spec?.serviceAccountName ?? 'default' },
      spec: {
        expirationSeconds: lifetime_s,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        ...(audience === undefined ? {} : { audiences: [audience] }),
      },
    };
    const { status } = await this.#client.resource<TokenRequest>(SERVICE_ACCOUNTS).create(request, { subresource: 'token' });
    const until_ms = Date.parse(status?.expirationTimestamp ?? '');
    return { podUid: uid, token: status?.token ?? '', until_ms, renew_ms: now_ms + Math.min((until_ms - now_ms) * LIVED, DAY_MS) };
  }
}
