import type { KubeObject, WatchEvent } from '#cluster/api';
import type { ClusterClient, RefOf, ResourceClient } from '#cluster/client';
import { systemClock, type Timer } from '#kit';

const LONG_MS = 2 ** 30;

/** Keeps the process alive while somebody waits for the cluster, and only then: one that was forgotten must not keep a test run from ending. */
export class KeepAlive {
  #holders = 0;
  #timer: Timer | undefined;

  hold(): Disposable {
    this.#holders += 1;
    this.#timer ??= systemClock.setTimer(LONG_MS, () => undefined);
    return {
      [Symbol.dispose]: () => {
        this.#holders -= 1;
        if (this.#holders > 0) return;
        this.#timer?.[Symbol.dispose]();
        this.#timer = undefined;
      },
    };
  }

  /** A client for whoever waits: the process lives while a watch of it waits for what comes next. */
  attend(client: ClusterClient): ClusterClient {
    return {
      resource: <T extends KubeObject>(ref: RefOf<T>) => this.#attended(client.resource<T>(ref)),
      close: () => client.close(),
    };
  }

  #attended<T extends KubeObject>(resource: ResourceClient<T>): ResourceClient<T> {
    return {
      get: (...given) => resource.get(...given),
      list: (...given) => resource.list(...given),
      create: (...given) => resource.create(...given),
      update: (...given) => resource.update(...given),
      patch: (...given) => resource.patch(...given),
      apply: (...given) => resource.apply(...given),
      delete: (...given) => resource.delete(...given),
      watch: (options) => this.#watched(resource.watch(options)),
    };
  }

  async *#watched<T>(events: AsyncIterable<WatchEvent<T>>): AsyncIterable<WatchEvent<T>> {
    const iterator = events[Symbol.asyncIterator]();
    try {
      for (;;) {
        using _held = this.hold();
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  }
}
