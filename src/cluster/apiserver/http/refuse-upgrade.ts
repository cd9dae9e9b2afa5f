import type { Duplex } from 'node:stream';
import type { StatusError } from '#cluster/api';

/** An answer to an upgrade that is not made: the socket has no response object then. */
export function refuseUpgrade(socket: Duplex, error: StatusError): void {
  const body = JSON.stringify(error.body);
  socket.end(
    `HTTP/1.1 ${error.status} ${error.body.reason ?? ''}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
