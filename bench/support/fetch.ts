import { connect } from 'node:net';

// `fetch.ts HOST PORT PATH CONNECTIONS SECONDS` asks for one path again and again, over connections that are kept, one request under way on each,
// and prints what came a second: answers and bytes. It reads into one buffer and looks at nothing but the headers, so that the server is what bounds it.

const BUFFER_BYTES = 1024 * 1024;
const [host = '', port = '', path = '', connections = '', seconds = ''] = process.argv.slice(2);
const REQUEST = `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nAccept: application/vnd.oci.image.manifest.v1+json, */*\r\n\r\n`;
/** What all connections read into: each piece is counted before the next one comes. */
const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
let [answers, bytes] = [0, 0];
let isOver = false;

const sockets = Array.from({ length: Number(connections) }, ask);
await new Promise((resolve) => setTimeout(resolve, 300)); // connecting is no part of it
[answers, bytes] = [0, 0];
const begun = performance.now();
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1_000));
const took_s = (performance.now() - begun) / 1_000;
process.stdout.write(`${JSON.stringify({ answers: answers / took_s, bytes: bytes / took_s })}\n`);
isOver = true;
for (const socket of sockets) socket.destroy();

function ask() {
  let header = '';
  let left_bytes = 0;
  const take = (count: number): boolean => {
    for (let at = 0; at < count; ) {
      if (left_bytes === 0) {
        const piece = buffer.toString('latin1', at, count);
        const end = (header + piece).indexOf('\r\n\r\n');
        if (end < 0) {
          header += piece;
          return true;
        }
        const head = (header + piece).slice(0, end);
        at += end + 4 - header.length;
        header = '';
        left_bytes = lengthOf(head);
      }
      const part = Math.min(left_bytes, count - at);
      at += part;
      left_bytes -= part;
      bytes += part;
      if (left_bytes > 0) continue;
      answers += 1;
      socket.write(REQUEST);
    }
    return true;
  };
  const socket = connect({ host, port: Number(port), noDelay: true, onread: { buffer, callback: take } }, () => socket.write(REQUEST));
  socket.on('close', () => {
    if (!isOver) throw new Error('the server closed a connection');
  });
  return socket;
}

function lengthOf(head: string): number {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) throw new Error(`unexpected answer: ${head}`);
  return Number(length);
}
