import type { Clock } from '#kit';
import type { Container, Engine, EngineEvent } from '#engine';
import type { ImageEvent, ImageStore } from '#image';
import { familiarName } from '#image';
import { shaped } from './shapes.ts';

const REMEMBERED = 256;

/** One event in the shape of `GET /events`. */
export interface DockerEvent {
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: 'local';
  readonly time: number;
  readonly timeNano: bigint;
}

/** What was asked of a daemon for one thing: the part of an event that is its own. */
export interface Happening {
  readonly type: string;
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Events of engine, images and this API in one stream; the latest are remembered. */
export class EventLog implements Disposable {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #listeners = new Set<(event: DockerEvent) => void>();
  readonly #subscriptions: readonly Disposable[];
  #recent: DockerEvent[];

  constructor(options: { engine: Engine; images: ImageStore; clock: Clock }) {
    this.#engine = options.engine;
    this.#clock = options.clock;
    this.#recent = options.engine.events.recent().flatMap((event) => fromEngine(event) ?? []);
    this.#subscriptions = [options.engine.events.subscribe((event) => this.#fromEngine(event)), options.images.onEvent((event) => this.tell(ofImage(event)))];
  }

  /** What is still remembered, oldest first. */
  recent(): readonly DockerEvent[] {
    return this.#recent.toSorted((a, b) => (a.timeNano < b.timeNano ? -1 : a.timeNano > b.timeNano ? 1 : 0));
  }

  subscribe(listener: (event: DockerEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** What this API did itself. */
  tell({ type, action, id, attributes }: Happening): void {
    this.#add(makeEvent(type, action, id, attributes, BigInt(Math.round(this.#clock.now() * 1000)) * 1000n));
  }

  /** What this API did with a container. */
  tellOf(container: Container, action: string, attributes: Readonly<Record<string, string>> = {}): void {
    const { id, name, spec } = container;
    this.tell({ type: 'container', action, id, attributes: { image: spec.image, name, ...spec.labels, ...attributes } });
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  /** The engine tells of containers; their volumes are taken into use and let go with them. */
  #fromEngine(event: EngineEvent): void {
    const shown = fromEngine(event.action === 'die' ? this.#withDuration(event) : event);
    if (!shown) return;
    if (event.type === 'container' && event.action === 'start') this.#ofVolumes(event, 'mount');
    this.#add(shown);
    if (event.type === 'container' && event.action === 'die') this.#ofVolumes(event, 'unmount');
  }

  /** How long the main process ran, in whole seconds. */
  #withDuration(event: EngineEvent): EngineEvent {
    const state = this.#engine.containers.list((each) => each.id === event.id)[0]?.state;
    if (state?.status !== 'exited' && state?.status !== 'restarting') return event;
    const { startedAt_ms, finishedAt_ms } = state.exit;
    return { ...event, attributes: { ...event.attributes, execDuration: String(Math.max(0, Math.floor((finishedAt_ms - startedAt_ms) / 1000))) } };
  }

  #ofVolumes({ id, time_ns }: EngineEvent, action: 'mount' | 'unmount'): void {
    const [container] = this.#engine.containers.list((each) => each.id === id);
    for (const mount of container?.mounts ?? []) {
      if (mount.type !== 'volume' || mount.name === undefined) continue;
      const place = action === 'mount' ? { destination: mount.target, propagation: mount.propagation ?? '', 'read/write': String(!mount.readOnly) } : {};
      this.#add(makeEvent('volume', action, mount.name, { container: id, driver: 'local', ...place }, time_ns));
    }
  }

  #add(event: DockerEvent): void {
    this.#recent.push(event);
    if (this.#recent.length >= 2 * REMEMBERED) this.#recent = this.#recent.slice(-REMEMBERED);
    for (const listener of [...this.#listeners]) listener(event);
  }
}

/** After a prune, whatever it found. */
export function pruned(type: string, reclaimed_bytes: number): Happening {
  return { type, action: 'prune', id: '', attributes: { reclaimed: String(reclaimed_bytes) } };
}

/** In Docker's words: a transfer is of a name, all else is of an image. */
function ofImage({ action, id, name }: ImageEvent): Happening {
  const familiar = name === undefined ? undefined : familiarName(name);
  if ((action === 'pull' || action === 'push') && familiar !== undefined)
    return { type: 'image', action, id: familiar, attributes: { name: familiar.replace(/[:@][^/]*$/, '') } };
  return { type: 'image', action, id, attributes: { name: familiar ?? id } };
}

/** Only what Docker's users own is shown; images have an event source of their own. */
function fromEngine(event: EngineEvent): DockerEvent | undefined {
  if (event.type === 'image' || (event.owner !== undefined && event.owner.kind !== 'docker')) return undefined;
  return makeEvent(event.type, event.action, event.id, event.attributes, event.time_ns);
}

function makeEvent(type: string, action: string, id: string, attributes: Readonly<Record<string, string>>, time_ns: bigint): DockerEvent {
  const old = type === 'container' ? { status: action, id, from: attributes['image'] ?? '' } : type === 'image' ? { status: action, id } : {};
  return {
    ...old,
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: 'local',
    time: Number(time_ns / 1_000_000_000n),
    timeNano: time_ns,
  };
}

/** `timeNano` is larger than a double holds, so it is written by hand. */
export function eventLine(event: DockerEvent, minor: number): string {
  const { timeNano, ...rest } = event;
  return `${JSON.stringify(shaped('event', rest, minor)).slice(0, -1)},"timeNano":${timeNano}}\n`;
}
