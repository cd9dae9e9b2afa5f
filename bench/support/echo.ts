import { connect, createServer } from 'node:net';

// `echo.ts serve PORT` answers each request of so many bytes with as many; `echo.ts ask HOST PORT SECONDS` prints how many a second were
// answered, over connections that are kept, one request under way on each.

const [REQUEST_BYTES, CONNECTIONS, UNDER_WAY] = [128, 64, 1];
const [mode, ...rest] = process.argv.slice(2);
if (mode === 'serve') serve(Number(rest[0]));
else if (mode === 'ask') await ask(rest[0] ?? '', Number(rest[1]), Number(rest[2]));
else throw new Error('serve or ask?');

function serve(port: number): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (piece: Buffer) => void socket.write(piece));
    socket.on('error', () => socket.destroy());
  });
  server.listen(port, () => process.stdout.write('ready\n'));
}

async function ask(host: string, port: number, seconds: number): Promise<void> {
  const request = Buffer.alloc(REQUEST_BYTES, 'x');
  let bytes = 0;
  let isOver = false;
  const sockets = Array.from({ length: CONNECTIONS }, () => {
    const socket = connect({ host, port, noDelay: true }, () => void socket.write(Buffer.alloc(REQUEST_BYTES * UNDER_WAY, 'x')));
    let owed = 0;
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length;
      owed += piece.length;
      if (isOver || owed < REQUEST_BYTES) return;
      const whole = Math.floor(owed / REQUEST_BYTES);
      owed -= whole * REQUEST_BYTES;
      socket.write(whole === 1 ? request : Buffer.alloc(whole * REQUEST_BYTES, 'x'));
    });
    return socket;
  });
  await new Promise((resolve) => setTimeout(resolve, 300)); // connecting is no part of it
  bytes = 0;
  const begun = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const took_s = (performance.now() - begun) / 1_000;
  isOver = true;
  process.stdout.write(`${Math.round(bytes / REQUEST_BYTES / took_s)}\n`);
  for (const socket of sockets) socket.destroy();
}
