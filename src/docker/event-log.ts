import type { Clock } from '#kit';
import type { Engine, EngineEvent } from '#engine';
import type { ImageStore } from '#image';
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

/** Events of engine and images in one stream; the latest image events are remembered here, the engine's by the engine. */
export class EventLog implements Disposable {
  readonly #engine: Engine;
  readonly #images: DockerEvent[] = [];
  readonly #listeners = new Set<(event: DockerEvent) => void>();
  readonly #subscriptions: readonly Disposable[];

  constructor(options: { engine: Engine; images: ImageStore; clock: Clock }) {
    this.#engine = options.engine;
    this.#subscriptions = [
      options.engine.events.subscribe((event) => {
        const shown = fromEngine(event);
        if (shown) this.#tell(shown);
      }),
      options.images.onEvent((event) => {
        const name = event.name === undefined ? undefined : familiarName(event.name);
        const shown = makeEvent('image', event.action, event.id, name === undefined ? {} : { name }, BigInt(Math.round(options.clock.now())) * 1_000_000n);
        this.#images.push(shown);
        if (this.#images.length > REMEMBERED) this.#images.shift();
        this.#tell(shown);
      }),
    ];
  }

  /** What is still remembered, oldest first. */
  recent(): readonly DockerEvent[] {
    const engine = this.#engine.events.recent().flatMap((event) => fromEngine(event) ?? []);
    return [...engine, ...this.#images].sort((a, b) => (a.timeNano < b.timeNano ? -1 : a.timeNano > b.timeNano ? 1 : 0));
  }

  subscribe(listener: (event: DockerEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #tell(event: DockerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
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
