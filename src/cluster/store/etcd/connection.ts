import { readFileSync } from 'node:fs';
import { Client, type ClientDuplexStream, type ClientOptions, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { Clock } from '#kit';
import { storeUnavailable } from '../errors.ts';

export interface EtcdAccess {
  /** Such as `http://127.0.0.1:2379`, one or more of one cluster. */
  readonly endpoints: readonly string[];
  /** Paths of PEM files, for https: the authority of the members, and whom the store is. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

const ATTEMPT_MS = 5000;
/** As long as a cluster may take to choose a leader, and more. */
const PATIENCE_MS = 20_000;
const BACKOFF_MS = [20, 50, 100, 200, 400];
const OPTIONS: ClientOptions = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A member whose machine is gone says nothing more. etcd allows no more than one question in 5 s.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5000,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
};
/** The attempt may or may not have been done; another member may know. */
const TRANSIENT: ReadonlySet<number> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.INTERNAL, status.CANCELLED, status.UNKNOWN]);

const asIs = (bytes: Buffer): Buffer => bytes;

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error && typeof error.code === 'number';
}

/** Calls to whichever member of an etcd cluster answers. */
export class EtcdConnection {
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  readonly #clients: readonly Client[];
  #current = 0;

  /** Nothing is connected before it is asked. */
  constructor({ endpoints, caFile, certFile, keyFile }: EtcdAccess, clock: Clock) {
    this.endpoints = endpoints;
    this.clock = clock;
    const read = (path: string | undefined) => (path === undefined ? null : readFileSync(path));
    const [ca, key, cert] = [read(caFile), read(keyFile), read(certFile)];
    this.#clients = endpoints.map((endpoint) => {
      const { protocol, host } = new URL(endpoint);
      return new Client(host, protocol === 'https:' ? credentials.createSsl(ca, key, cert) : credentials.createInsecure(), OPTIONS);
    });
  }

  /**
   * One question; while members fail it is put to the next one, as far as it may be `repeat`ed. `repeated` tells that an attempt before the
   * answered one may have been done as well. Errors: `STORE_UNAVAILABLE`; what etcd refuses, as a ServiceError.
   */
  async ask<T>(
    path: string,
    request: Buffer,
    decode: (bytes: Buffer) => T,
    { repeat = true, onAttempt = () => {} }: { readonly repeat?: boolean; readonly onAttempt?: () => void } = {},
  ): Promise<{ readonly value: T; readonly repeated: boolean }> {
    const until_ms = this.clock.monotonic() + PATIENCE_MS;
    for (let attempt = 0; ; attempt++) {
      const asked = this.#current;
      onAttempt();
      try {
        return { value: decode(await this.#attempt(asked, path, request)), repeated: attempt > 0 };
      } catch (error) {
        if (!isServiceError(error) || !TRANSIENT.has(error.code)) throw error;
        this.failed(asked);
        if (!repeat) throw error;
        if (this.clock.monotonic() > until_ms) throw storeUnavailable(this.endpoints, error.details, error);
      }
      await this.clock.sleep(this.backoff_ms(attempt));
    }
  }

  /** A stream to the member that answered last, and its number for `failed`. */
  stream(path: string): { readonly stream: ClientDuplexStream<Buffer, Buffer>; readonly member: number } {
    const metadata = new Metadata();
    // A member that is cut off from the others ends the stream, where it would fall silent.
    metadata.set('hasleader', 'true');
    return { stream: this.#client(this.#current).makeBidiStreamRequest(path, asIs, asIs, metadata), member: this.#current };
  }

  /** The next question goes to another member. */
  failed(member: number): void {
    if (member === this.#current) this.#current = (member + 1) % this.#clients.length;
  }

  backoff_ms(attempt: number): number {
    return BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)] ?? 0;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #client(member: number): Client {
    const client = this.#clients[member];
    if (client === undefined) throw new TypeError('etcd has no endpoint');
    return client;
  }

  #attempt(member: number, path: string, request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#client(member).makeUnaryRequest(path, asIs, asIs, request, new Metadata(), { deadline: this.clock.now() + ATTEMPT_MS }, (error, answer) => {
        if (error) reject(error);
        else resolve(answer ?? Buffer.alloc(0));
      });
    });
  }
}
