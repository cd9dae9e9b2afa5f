import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from './eventually.ts';

export interface Hijacked {
  readonly socket: Socket;
  /** What came after the answer's head. */
  readonly bytes: () => Buffer;
  readonly ended: Promise<unknown>;
}

/** A request by hand that leaves HTTP, once it is answered. Its own side ends with the other's, unless it stays open. */
export async function hijacked(socketPath: string, path: string, body = '', { staysOpen = false } = {}): Promise<Hijacked> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  let all = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => (all = Buffer.concat([all, chunk])));
  const ended = once(socket, 'end').then(() => (staysOpen ? undefined : socket.end()));
  const type = body === '' ? '' : 'Content-Type: application/json\r\n';
  socket.write(`POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`);
  await eventually('the answer', () => all.includes('\r\n\r\n'));
  return { socket, bytes: () => all.subarray(all.indexOf('\r\n\r\n') + 4), ended };
}
