import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}
type Answer = (response: ServerResponse, seen: Seen) => void;

/** A Docker Engine API for tests: answers as it is told, notes what it was asked. */
export interface FakeDocker extends AsyncDisposable {
  readonly socketPath: string;
  readonly seen: Seen[];
  /** `METHOD /path` of everything that was asked, in order. */
  asked(): readonly string[];
  /** Sets the answer to `METHOD /path`. */
  on(what: string, answer: Answer): void;
  /** Sets what an upgraded connection does. */
  onUpgrade(what: string, serve: (socket: Duplex, seen: Seen) => void): void;
  /** Resolves once it was asked that. */
  untilAsked(what: string): Promise<void>;
}

export const json =
  (value: unknown, status = 200): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

/** One frame of a multiplexed stream. */
export function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

export async function fakeDocker(): Promise<FakeDocker> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
  const socketPath = join(folder, 'docker.sock');
  const seen: Seen[] = [];
  const answers = new Map<string, Answer>();
  const upgrades = new Map<string, (socket: Duplex, seen: Seen) => void>();
  const waiters: { readonly what: string; readonly resolve: () => void }[] = [];
  const sockets = new Set<Duplex>();
  const note = (request: IncomingMessage, body: Buffer): { one: Seen; what: string } => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://docker');
    const one = { method: request.method ?? '', path: pathname, query: searchParams, headers: request.headers, body };
    seen.push(one);
    const what = `${one.method} ${one.path}`;
    for (const waiter of waiters) if (waiter.what === what) waiter.resolve();
    return { one, what };
  };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const { one, what } = note(request, Buffer.concat(chunks));
      (answers.get(what) ?? json({ message: `unexpected ${what}` }, 501))(response, one);
    });
  });
  server.on('connection', (socket) => void sockets.add(socket));
  server.on('upgrade', (request, socket, head) => {
    const { one, what } = note(request, head);
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
    upgrades.get(what)?.(socket, one);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    seen,
    asked: () => seen.map(({ method, path }) => `${method} ${path}`),
    on: (what, answer) => void answers.set(what, answer),
    onUpgrade: (what, serve) => void upgrades.set(what, serve),
    untilAsked: (what) => new Promise((resolve) => void waiters.push({ what, resolve })),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}
