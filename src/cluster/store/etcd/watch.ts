import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Timer } from '#kit';
import { compacted, storeUnavailable, type StoreError } from '../errors.ts';
import type { Revision } from '../types.ts';
import type { EtcdConnection } from './connection.ts';
import { decodeWatch, encodeWatch, type WatchAnswer, type WatchEvent } from './messages.ts';

const PATH = '/etcdserverpb.Watch/Watch';
const FIRST_ANSWER_MS = 20_000;

export interface EtcdWatchOptions {
  readonly prefix: string;
  /** Events after this revision. */
  readonly after: Revision;
  readonly onEvents: (events: readonly WatchEvent[]) => void;
  /** The watch has ended: what comes next was compacted before it was told. */
  readonly onLost: (error: StoreError) => void;
}

/** A watch that goes on at the next member, from where it was, when a stream ends. */
export class EtcdWatch implements Disposable {
  readonly #connection: EtcdConnection;
  readonly #options: EtcdWatchOptions;
  readonly #created = Promise.withResolvers<void>();
  #told: Revision;
  #stream: ClientDuplexStream<Buffer, Buffer> | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #begun = false;
  #ended = false;

  /** Resolves when etcd has begun it. Errors: `COMPACTED`, `STORE_UNAVAILABLE`. */
  static async open(connection: EtcdConnection, options: EtcdWatchOptions): Promise<EtcdWatch> {
    const watch = new EtcdWatch(connection, options);
    using _patience = connection.clock.setTimer(FIRST_ANSWER_MS, () =>
      watch.#created.reject(storeUnavailable(connection.endpoints, 'no watch was begun within 20 s', undefined)),
    );
    watch.#open();
    try {
      await watch.#created.promise;
    } catch (error) {
      watch[Symbol.dispose]();
      throw error;
    }
    return watch;
  }

  private constructor(connection: EtcdConnection, options: EtcdWatchOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#told = options.after;
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  #open(): void {
    const { stream, member } = this.#connection.stream(PATH);
    this.#stream = stream;
    const again = () => this.#reopen(stream, member);
    stream.on('data', (bytes: Buffer) => this.#hear(stream, decodeWatch(bytes), again));
    stream.on('error', again);
    stream.on('end', again);
    stream.write(encodeWatch(this.#options.prefix, this.#told + 1));
  }

  #reopen(stream: ClientDuplexStream<Buffer, Buffer>, member: number): void {
    // An error and an end may come of one stream.
    if (this.#ended || stream !== this.#stream) return;
    this.#stream = undefined;
    stream.cancel();
    this.#connection.failed(member);
    this.#timer = this.#connection.clock.setTimer(this.#connection.backoff_ms(this.#failures++), () => this.#open());
  }

  #hear(stream: ClientDuplexStream<Buffer, Buffer>, answer: WatchAnswer, again: () => void): void {
    if (this.#ended || stream !== this.#stream) return;
    if (answer.compactRevision > 0) return this.#lose(compacted(this.#told, answer.compactRevision));
    if (answer.canceled) return again();
    if (answer.created) {
      this.#failures = 0;
      this.#begun = true;
      this.#created.resolve();
    }
    const events = answer.events.filter(({ item }) => item.modRevision > this.#told);
    const last = events.at(-1);
    // Progress: all up to that revision was told, though none of it here.
    if (last === undefined) {
      if (!answer.created && answer.events.length === 0) this.#told = Math.max(this.#told, answer.revision);
      return;
    }
    const orphan = events.find(({ deleted, previous }) => deleted && previous === undefined);
    if (orphan !== undefined) return this.#lose(compacted(orphan.item.modRevision - 1, orphan.item.modRevision));
    this.#told = last.item.modRevision;
    this.#options.onEvents(events);
  }

  #lose(error: StoreError): void {
    this[Symbol.dispose]();
    if (this.#begun) this.#options.onLost(error);
    else this.#created.reject(error);
  }
}
