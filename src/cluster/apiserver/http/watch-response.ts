import type { ServerResponse } from 'node:http';
import type { WatchEvent } from '#cluster/api';
import type { Clock } from '#kit';
import { bytesOf } from '../cache/bytes.ts';
import { CBOR_SEQUENCE, encoded, type Encoding } from './encodings.ts';

const STALLED_MS = 30_000;

/**
 * Writes events as lines of JSON, or as a sequence of CBOR, until they end or the client goes. A client that takes nothing for half a minute while
 * there is more to send is disconnected.
 */
export async function sendWatch(
  response: ServerResponse,
  events: AsyncIterable<WatchEvent>,
  form: (event: WatchEvent) => object,
  clock: Clock,
  encoding: Encoding,
): Promise<void> {
  response.writeHead(200, { 'content-type': encoding === 'cbor' ? CBOR_SEQUENCE : 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  for await (const event of events) {
    if (response.destroyed) return;
    const bytes = encoding === 'cbor' ? await encoded({ type: event.type, object: form(event) }, encoding) : line(event.type, form(event));
    if (response.write(bytes)) continue;
    if (!(await drained(response, clock))) {
      response.destroy();
      return;
    }
  }
  response.end();
}

/** What a thousand watchers are told at the same time is put together once; it is held no longer than that. */
const lines = new WeakMap<object, WeakRef<{ readonly type: WatchEvent['type']; readonly bytes: Buffer }>>();

function line(type: WatchEvent['type'], object: object): Buffer {
  const known = lines.get(object)?.deref();
  if (known?.type === type) return known.bytes;
  const bytes = Buffer.concat([Buffer.from(`{"type":"${type}","object":`), bytesOf(object), Buffer.from('}\n')]);
  if (Object.isFrozen(object)) lines.set(object, new WeakRef({ type, bytes }));
  return bytes;
}

/** Whether there is room again; false when the client went or read nothing for too long. */
export function drained(response: ServerResponse, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (room: boolean) => {
      timer[Symbol.dispose]();
      response.off('drain', onDrain).off('close', onClose);
      resolve(room);
    };
    const onDrain = () => done(true);
    const onClose = () => done(false);
    const timer = clock.setTimer(STALLED_MS, onClose);
    response.on('drain', onDrain).on('close', onClose);
  });
}
