import type { V1Pod } from '#cluster/api';

/** The Pods that wait for a place: higher priority first, then the older. */
export class PendingPods {
  readonly #ready = new Map<string, V1Pod>();
  readonly #unschedulable = new Map<string, V1Pod>();

  get size(): number {
    return this.#ready.size + this.#unschedulable.size;
  }

  /** A Pod that is new or has changed: it is tried (again). */
  offer(key: string, pod: V1Pod): void {
    this.#unschedulable.delete(key);
    this.#ready.set(key, pod);
  }

  remove(key: string): void {
    this.#ready.delete(key);
    this.#unschedulable.delete(key);
  }

  /** It has no place as things are; a change of nodes or Pods makes it be tried again. */
  park(key: string, pod: V1Pod): void {
    this.#unschedulable.set(key, pod);
  }

  isParked(key: string): boolean {
    return this.#unschedulable.has(key);
  }

  /** Something changed that may make room. */
  retryParked(): boolean {
    const some = this.#unschedulable.size > 0;
    for (const [key, pod] of this.#unschedulable) this.#ready.set(key, pod);
    this.#unschedulable.clear();
    return some;
  }

  take(): { readonly key: string; readonly pod: V1Pod } | undefined {
    let best: { key: string; pod: V1Pod } | undefined;
    for (const [key, pod] of this.#ready) if (best === undefined || before(pod, best.pod)) best = { key, pod };
    if (best !== undefined) this.#ready.delete(best.key);
    return best;
  }
}

function before(a: V1Pod, b: V1Pod): boolean {
  const priority = (b.spec?.priority ?? 0) - (a.spec?.priority ?? 0);
  if (priority !== 0) return priority < 0;
  return (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '');
}
