import type { V1Pod } from '#cluster/api';

const UNSEEN_MAX_MS = 30_000;

interface Writes {
  /** Created, not yet seen in the cache. */
  readonly created: Map<string, { readonly pod: V1Pod; readonly at_ms: number }>;
  /** Told to end, and the cache doesn't show it yet. */
  readonly deleted: Map<string, number>;
  /** What the cache told of while creations were under way. */
  readonly seen: Set<string>;
  inFlight: number;
}

/**
 * What a controller wrote and its cache has not shown yet, so that a late cache makes it neither create nor delete twice. An entry whose
 * news never comes (the watch broke, and the object went meanwhile) is forgotten after half a minute.
 */
export class OwnWrites {
  readonly #owners = new Map<string, Writes>();

  /** Brackets a creation; `cached` tells whether the cache has the Pod when its answer comes. */
  async creating(owner: string, now: () => number, create: () => Promise<V1Pod>): Promise<void> {
    const writes = this.#of(owner);
    writes.inFlight += 1;
    try {
      const pod = await create();
      const uid = pod.metadata.uid ?? '';
      if (!writes.seen.has(uid)) writes.created.set(uid, { pod, at_ms: now() });
    } finally {
      writes.inFlight -= 1;
      if (writes.inFlight === 0) writes.seen.clear();
    }
  }

  deleted(owner: string, uid: string, now_ms: number): void {
    this.#of(owner).deleted.set(uid, now_ms);
  }

  /** The cache told of a Pod of that owner: it is there (`ending`: told to end), or gone. */
  observed(owner: string, uid: string, state: 'there' | 'ending' | 'gone'): void {
    const writes = this.#owners.get(owner);
    if (writes === undefined) return;
    if (writes.inFlight > 0) writes.seen.add(uid);
    writes.created.delete(uid);
    if (state !== 'there') writes.deleted.delete(uid);
    this.#tidy(owner, writes);
  }

  /** The cache's Pods as they will be once it has caught up; with when to look again where something is yet unseen. */
  correct(owner: string, cached: readonly V1Pod[], now_ms: number): { readonly pods: readonly V1Pod[]; readonly lookAgain_ms?: number } {
    const writes = this.#owners.get(owner);
    if (writes === undefined) return { pods: cached };
    for (const [uid, { at_ms }] of writes.created) if (now_ms - at_ms >= UNSEEN_MAX_MS) writes.created.delete(uid);
    for (const [uid, at_ms] of writes.deleted) if (now_ms - at_ms >= UNSEEN_MAX_MS) writes.deleted.delete(uid);
    const known = new Set(cached.map((pod) => pod.metadata.uid));
    const unseen = [...writes.created.values()].map(({ pod }) => pod).filter((pod) => !known.has(pod.metadata.uid));
    const pods = [...cached, ...unseen].filter((pod) => !writes.deleted.has(pod.metadata.uid ?? ''));
    const pending = writes.created.size + writes.deleted.size > 0;
    this.#tidy(owner, writes);
    return pending ? { pods, lookAgain_ms: UNSEEN_MAX_MS } : { pods };
  }

  forget(owner: string): void {
    this.#owners.delete(owner);
  }

  #of(owner: string): Writes {
    const present = this.#owners.get(owner);
    if (present !== undefined) return present;
    const writes: Writes = { created: new Map(), deleted: new Map(), seen: new Set(), inFlight: 0 };
    this.#owners.set(owner, writes);
    return writes;
  }

  #tidy(owner: string, writes: Writes): void {
    if (writes.inFlight === 0 && writes.created.size === 0 && writes.deleted.size === 0) this.#owners.delete(owner);
  }
}
