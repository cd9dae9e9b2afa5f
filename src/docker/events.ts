import { type DockerEvent, eventLine } from './event-log.ts';
import { Filters } from './filters.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';
import { parseMoment_ms } from './times.ts';

const WAITING_MAX = 4096;
const STREAM_TYPES = ['application/jsonl', 'application/x-ndjson', 'application/json-seq'];

function eventFilter(text: string | undefined): (event: DockerEvent) => boolean {
  const filters = new Filters(text, [
    'container',
    'daemon',
    'event',
    'image',
    'label',
    'network',
    'scope',
    'type',
    'volume',
    'plugin',
    'service',
    'node',
    'secret',
    'config',
  ]);
  const named = (kind: string, event: DockerEvent) =>
    filters.some(kind, (value) => event.Type === kind && (event.Actor.ID.startsWith(value) || event.Actor.Attributes['name'] === value));
  return (event) =>
    filters.some('event', (value) => event.Action === value || event.Action.split(':')[0] === value) &&
    filters.any('type', event.Type) &&
    filters.any('scope', event.scope) &&
    filters.some('daemon', () => event.Type === 'daemon') &&
    ['container', 'network', 'volume', 'plugin', 'service', 'node', 'secret', 'config'].every((kind) => named(kind, event)) &&
    filters.some('image', (value) =>
      [event.Actor.Attributes['name'], event.Actor.Attributes['image'], event.Actor.ID].some((name) => name === value || name?.split(':')[0] === value),
    ) &&
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
  const framing = framingFor(call);
  call.begin(framing.type);
  for (;;) {
    for (let event = waiting.shift(); event !== undefined; event = waiting.shift())
      if (!(await call.write(`${framing.before}${eventLine(event, call.minor)}`))) return;
    if (ended) break;
    await new Promise<void>((resolve) => (wake = resolve));
  }
  call.response.end();
}

/** The form of the stream, by what the client takes (API 1.52): JSON lines under one of their names, or RFC 7464's sequence. */
function framingFor(call: Call): { readonly type: string; readonly before: string } {
  const accepted = (call.header('accept') ?? '').split(',').map((text) => text.split(';', 1)[0]?.trim());
  const chosen = call.minor < 52 ? undefined : accepted.find((type) => type !== undefined && STREAM_TYPES.includes(type));
  return { type: chosen ?? 'application/json', before: chosen === 'application/json-seq' ? '\x1e' : '' };
}
