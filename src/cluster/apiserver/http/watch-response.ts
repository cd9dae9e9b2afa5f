import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { WatchEvent } from '#cluster/api';
import type { Clock } from '#kit';
import { bytesOf } from '../cache/bytes.ts';
import { WatchQueue } from '../cache/watch-queue.ts';
import type { Context } from '../context.ts';
import { CBOR_SEQUENCE, encoded, type Encoding } from './encodings.ts';
import { statusErrorOf } from './respond.ts';

const STALLED_MS = 30_000;
/** By what it is known that a client has stalled, and where what went wrong is told. */
export type Writing = Pick<Context, 'clock' | 'logger'>;
type FormOf = (event: WatchEvent) => object;

/**
 * Writes events as lines of JSON, or as a sequence of CBOR, until they end or the client goes. A client that takes nothing for half a minute while
 * there is more to send is disconnected. Lines are written as they come: it resolves when that has begun.
 */
export async function sendWatch(
  response: ServerResponse,
  events: AsyncIterable<WatchEvent>,
  form: FormOf,
  writing: Writing,
  encoding: Encoding,
): Promise<void> {
  response.writeHead(200, { 'content-type': encoding === 'cbor' ? CBOR_SEQUENCE : 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  if (encoding !== 'cbor' && isQueue(events)) return flow(response, events, form, writing);
  for await (const event of events) {
    if (response.destroyed) return;
    const object = form(event);
    const bytes = encoding === 'cbor' ? await encoded({ type: event.type, object }, encoding) : lineOf(event.type, object).bytes;
    if (response.write(bytes)) continue;
    if (!(await drained(response, writing.clock))) {
      response.destroy();
      return;
    }
  }
  response.end();
}

/** Of the handler's own watches, which are all of one kind. */
function isQueue(events: AsyncIterable<WatchEvent>): events is WatchQueue<WatchEvent> {
  return events instanceof WatchQueue;
}

/**
 * No promise and no iterator is kept for a watch, and its chunks are framed once for all: http's own way of writing one costs a third more
 * than what TLS does with it.
 */
function flow(response: ServerResponse, events: WatchQueue<WatchEvent>, form: FormOf, { clock, logger }: Writing): void {
  // A request that was sent before the one ahead of it was answered has no socket yet; HTTP/1.0 has no chunks.
  const socket = response.chunkedEncoding ? response.socket : null;
  const sink = socket ?? response;
  events.flowTo({
    take(event) {
      if (response.destroyed) return false;
      try {
        const { chunk, bytes } = lineOf(event.type, form(event));
        if (sink.write(socket === null ? bytes : chunk)) return true;
        void drained(sink, clock).then((room) => (room ? events.resume() : response.destroy()));
      } catch (thrown) {
        // Whoever tells of the change has others to tell.
        statusErrorOf(thrown, logger);
        response.destroy();
      }
      return false;
    },
    done: () => response.end(),
  });
}

/** A line as it is, and framed as a chunk (RFC 9112, section 7.1). */
interface Line {
  readonly type: WatchEvent['type'];
  readonly bytes: Buffer;
  readonly chunk: Buffer;
}

/** What a thousand watchers are told at the same time is put together once; it is held no longer than that. */
const lines = new WeakMap<object, WeakRef<Line>>();

function lineOf(type: WatchEvent['type'], object: object): Line {
  const known = lines.get(object)?.deref();
  if (known?.type === type) return known;
  const [head, text] = [`{"type":"${type}","object":`, bytesOf(object)];
  const length = head.length + text.length + LINE_END.length;
  const framing = `${length.toString(16)}\r\n`;
  const chunk = Buffer.concat([Buffer.from(framing + head), text, CHUNK_END]);
  const line = { type, chunk, bytes: chunk.subarray(framing.length, framing.length + length) };
  if (Object.isFrozen(object)) lines.set(object, new WeakRef(line));
  return line;
}
const LINE_END = '}\n';
const CHUNK_END = Buffer.from(`${LINE_END}\r\n`);

/** Whether there is room again; false when the client went or read nothing for too long. */
export function drained(sink: Writable, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (room: boolean) => {
      timer[Symbol.dispose]();
      sink.off('drain', onDrain).off('close', onClose);
      resolve(room);
    };
    const onDrain = () => done(true);
    const onClose = () => done(false);
    const timer = clock.setTimer(STALLED_MS, onClose);
    sink.on('drain', onDrain).on('close', onClose);
  });
}
