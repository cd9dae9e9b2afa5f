import type { CoreV1Event, KubeObject } from '#cluster/api';
import { type Clock, KeyedMutex, type Logger, type Random } from '#kit';
import { isStatus } from './errors.ts';
import { EVENTS } from './refs.ts';
import type { ClusterClient } from './types.ts';

export interface EventRecorderOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** `deployment-controller`, `default-scheduler`, `kubelet`, … */
  readonly component: string;
  /** The node, where there is one. */
  readonly host?: string;
}
/** What an event is about. */
export type EventSubject = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'> & { readonly fieldPath?: string };
export interface EventRecorder {
  /** Says what happened; never throws and never waits. The same again within a while only raises the first one's count. */
  event(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string): void;
  /** Resolves when all that was said is written. */
  flush(): Promise<void>;
}

interface Known {
  name: string;
  count: number;
}
const BURST_PER_SUBJECT = 25;
const REFILL_MS = 300_000;
const REMEMBERED_MAX = 4096;

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #known = new Map<string, Known>();
  readonly #tokens = new Map<string, { left: number; at_ms: number }>();
  readonly #writes = new KeyedMutex();
  readonly #pending = new Set<Promise<void>>();
  #last_us = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  event(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const about = subject.metadata.uid ?? `${subject.kind}/${subject.metadata.namespace}/${subject.metadata.name}`;
    if (!this.#mayWrite(about)) return;
    const key = [about, subject.fieldPath, type, reason, message].join('\0');
    const work = this.#writes
      .run(key, () => this.#write(key, subject, type, reason, message))
      .catch((error: unknown) => {
        // Objects of a namespace that ends take no more events: that is no news.
        if (isStatus(error, 'Forbidden', 'NotFound')) return;
        this.#options.logger.debug('Cannot write an event', { reason, error });
      })
      .finally(() => this.#pending.delete(work));
    this.#pending.add(work);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#pending);
  }

  async #write(key: string, subject: EventSubject, type: string, reason: string, message: string): Promise<void> {
    const { client, clock } = this.#options;
    const events = client.resource<CoreV1Event>(EVENTS);
    const now = timestamp(clock.now());
    const namespace = subject.metadata.namespace ?? 'default';
    const known = this.#known.get(key);
    if (known !== undefined) {
      try {
        await events.patch(known.name, namespace, 'merge', { count: known.count + 1, lastTimestamp: now });
        known.count += 1;
        return;
      } catch (error) {
        // It was deleted or has expired: a new one takes its place.
        if (!isStatus(error, 'NotFound')) throw error;
      }
    }
    const name = `${subject.metadata.name}.${this.#unique()}`;
    await events.create(this.#object({ name, namespace, subject, type, reason, message, now }));
    remember(this.#known, key, { name, count: 1 });
  }

  /** Grows with time, so that events of one second stand in their order where they are listed by name, as clients do. */
  #unique(): string {
    const now_us = Math.max(Math.floor(this.#options.clock.now() * 1000), this.#last_us + 1);
    this.#last_us = now_us;
    return `${now_us.toString(16).padStart(14, '0')}${this.#options.random.hex(4)}`;
  }

  #object(of: { name: string; namespace: string; subject: EventSubject; type: string; reason: string; message: string; now: string }): CoreV1Event {
    const { component, host } = this.#options;
    const { subject } = of;
    const { namespace, name, uid, resourceVersion } = subject.metadata;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: of.name, namespace: of.namespace },
      involvedObject: {
        apiVersion: subject.apiVersion,
        kind: subject.kind,
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { name }),
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion }),
        ...(subject.fieldPath === undefined ? {} : { fieldPath: subject.fieldPath }),
      },
      reason: of.reason,
      message: of.message.slice(0, 1024),
      type: of.type,
      count: 1,
      firstTimestamp: of.now,
      lastTimestamp: of.now,
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: host ?? '',
    };
  }

  /** A burst of 25 for each object, then one in five minutes. */
  #mayWrite(about: string): boolean {
    const now_ms = this.#options.clock.monotonic();
    const bucket = this.#tokens.get(about) ?? { left: BURST_PER_SUBJECT, at_ms: now_ms };
    const left = Math.min(BURST_PER_SUBJECT, bucket.left + (now_ms - bucket.at_ms) / REFILL_MS);
    const may = left >= 1;
    remember(this.#tokens, about, { left: may ? left - 1 : left, at_ms: now_ms });
    return may;
  }
}

/** Keeps the most recent few thousand. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED_MAX && oldest !== undefined) map.delete(oldest);
}

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export function timestamp(now_ms: number): string {
  return `${new Date(now_ms).toISOString().slice(0, 19)}Z`;
}
