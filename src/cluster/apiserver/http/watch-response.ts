import type { ServerResponse } from 'node:http';
import type { WatchEvent } from '#cluster/api';
import type { Clock } from '#kit';
import { bytesOf } from '../cache/bytes.ts';

const STALLED_MS = 30_000;

/**
 * Writes events as lines of JSON until they end or the client goes. A client that takes nothing for half a minute while
 * there is more to send is disconnected.
 */
export async function sendWatch(response: ServerResponse, events: AsyncIterable<WatchEvent>, form: (event: WatchEvent) => object, clock: Clock): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();
  for await (const event of events) {
    if (response.destroyed) return;
    if (response.write(line(event.type, form(event)))) continue;
    if (!(await drained(response, clock))) {
      response.destroy();
      return;
    }
  }
  response.end();
}

function line(type: WatchEvent['type'], object: object): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${type}","object":`), bytesOf(object), Buffer.from('}\n')]);
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
