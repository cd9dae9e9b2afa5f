import type { Clock } from '#kit';
import type { Engine, EngineEvent } from '#engine';
import type { ImageStore } from '#image';
import { familiarName } from '#image';
import { parseMoment_ms } from './times.ts';
import { Filters } from './filters.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';

const REMEMBERED = 256;
const WAITING_MAX = 4096;

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
  return { ...old, Type: type, Action: action, Actor: { ID: id, Attributes: attributes }, scope: 'local', time: Number(time_ns / 1_000_000_000n), timeNano: time_ns };
}

/** `timeNano` is larger than a double holds, so it is written by hand. */
export function eventLine(event: DockerEvent): string {
  const { timeNano, ...rest } = event;
  return `${JSON.stringify(rest).slice(0, -1)},"timeNano":${timeNano}}\n`;
}

function eventFilter(text: string | undefined): (event: DockerEvent) => boolean {
  const filters = new Filters(text, ['container', 'daemon', 'event', 'image', 'label', 'network', 'scope', 'type', 'volume', 'plugin', 'service', 'node', 'secret', 'config']);
  const named = (kind: string, event: DockerEvent) =>
    filters.some(kind, (value) => event.Type === kind && (event.Actor.ID.startsWith(value) || event.Actor.Attributes['name'] === value));
  return (event) =>
    filters.some('event', (value) => event.Action === value || event.Action.split(':')[0] === value) &&
    filters.any('type', event.Type) &&
    filters.any('scope', event.scope) &&
    filters.some('daemon', () => event.Type === 'daemon') &&
    ['container', 'network', 'volume', 'plugin', 'service', 'node', 'secret', 'config'].every((kind) => named(kind, event)) &&
    filters.some('image', (value) => [event.Actor.Attributes['name'], event.Actor.Attributes['image'], event.Actor.ID].some((name) => name === value || name?.split(':')[0] === value)) &&
    filters.labels(event.Actor.Attributes);
}

/** `GET /events`: what is remembered since `since`, then what comes, until `until` or until the client leaves. */
export async function streamEvents(call: Call, rooms: Rooms): Promise<void> {
  const fits = eventFilter(call.text('filters'));
  const now_ms = rooms.clock.now();
  const since_ms = parseMoment_ms(call.text('since'), now_ms, 'since');
  const until_ms = parseMoment_ms(call.text('until'), now_ms, 'until');
  const inTime = (event: DockerEvent) => {
    const time_ms = Number(event.timeNano / 1000n) / 1000;
    return (since_ms === undefined || time_ms >= since_ms) && (until_ms === undefined || time_ms <= until_ms);
  };
  const waiting: DockerEvent[] = since_ms === undefined && until_ms === undefined ? [] : rooms.events.recent().filter((event) => inTime(event) && fits(event));
  let wake = () => {};
  let ended = false;
  const end = () => {
    ended = true;
    wake();
  };
  using _subscription = rooms.events.subscribe((event) => {
    if (!fits(event) || !inTime(event)) return;
    // A client that reads nothing must not fill the memory.
    if (waiting.push(event) > WAITING_MAX) end();
    wake();
  });
  call.signal.addEventListener('abort', end, { once: true });
  using _timer = until_ms === undefined ? undefined : rooms.clock.setTimer(Math.max(0, until_ms - now_ms), end);
  call.begin('application/json');
  for (;;) {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift()) if (!(await call.write(eventLine(event)))) return;
    if (ended) break;
    await new Promise<void>((resolve) => (wake = resolve));
  }
  call.response.end();
}
