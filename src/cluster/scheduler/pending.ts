import type { V1Pod } from '#cluster/api';
import { Heap } from '#kit';

interface Ready {
  readonly key: string;
  readonly pod: V1Pod;
  /** Of two with the same claim the one that was offered first goes first. */
  readonly order: number;
}

/** The Pods that wait for a place: higher priority first, then the older. */
export class PendingPods {
  readonly #ready = new Map<string, Ready>();
  /** What is ready, and what was and is no longer: that is passed over. */
  readonly #next = new Heap(before);
  readonly #unschedulable = new Map<string, V1Pod>();
  #order = 0;

  get size(): number {
    return this.#ready.size + this.#unschedulable.size;
  }

  /** A Pod that is new or has changed: it is tried (again). */
  offer(key: string, pod: V1Pod): void {
    this.#unschedulable.delete(key);
    const ready = { key, pod, order: this.#ready.get(key)?.order ?? this.#order++ };
    this.#ready.set(key, ready);
    this.#next.push(ready);
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
    for (const [key, pod] of [...this.#unschedulable]) this.offer(key, pod);
    return some;
  }

  take(): { readonly key: string; readonly pod: V1Pod } | undefined {
    for (let next = this.#next.pop(); next !== undefined; next = this.#next.pop()) {
      if (this.#ready.get(next.key) !== next) continue;
      this.#ready.delete(next.key);
      return next;
    }
    return undefined;
  }
}

function before(a: Ready, b: Ready): boolean {
  const priority = (b.pod.spec?.priority ?? 0) - (a.pod.spec?.priority ?? 0);
  if (priority !== 0) return priority < 0;
  const [old, other] = [a.pod.metadata.creationTimestamp ?? '', b.pod.metadata.creationTimestamp ?? ''];
  return old === other ? a.order < b.order : old < other;
}
