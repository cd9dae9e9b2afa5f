import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with a request, once. */
export type Fault =
  /** The connection breaks after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after_bytes: number }
  /** Such an answer in the place of the registry's. */
  | { readonly kind: 'answer'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The first byte of the body is another one. */
  | { readonly kind: 'wrong' }
  /** The body ends early, as if that were all. */
  | { readonly kind: 'short'; readonly bytes: number }
  /** The registry knows nothing of ranges. */
  | { readonly kind: 'whole' }
  /** The body stops after so many bytes until `resume` is called. */
  | { readonly kind: 'held'; readonly after_bytes: number; readonly until: Promise<void> };

export interface Seen {
  readonly what: string;
  readonly headers: IncomingMessage['headers'];
}
/** A registry on a port of its own before the one at `target`, in which things go wrong as told. */
export interface FaultyFront extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly seen: Seen[];
  /** The next requests whose `METHOD /path` fits get these, in order; those after them pass. */
  next(pattern: RegExp, ...faults: readonly Fault[]): void;
  /** Nobody answers any more: connections break as they are made. */
  goOffline(isOffline: boolean): void;
}

export async function openFaultyFront(target: string): Promise<FaultyFront> {
  const waiting: { readonly pattern: RegExp; readonly faults: Fault[] }[] = [];
  const seen: Seen[] = [];
  let isOffline = false;
  const server = createServer((asked, answer) => {
    const what = `${asked.method} ${asked.url}`;
    seen.push({ what, headers: asked.headers });
    const fault = waiting.find(({ pattern, faults }) => faults.length > 0 && pattern.test(what))?.faults.shift();
    if (fault?.kind === 'answer') {
      asked.resume();
      return void answer.writeHead(fault.status, fault.headers).end();
    }
    pass(target, asked, answer, fault);
  });
  server.on('connection', (socket) => isOffline && socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    host: `127.0.0.1:${port}`,
    seen,
    next: (pattern, ...faults) => void waiting.push({ pattern, faults: [...faults] }),
    goOffline(yes) {
      isOffline = yes;
      if (yes) server.closeAllConnections();
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function pass(target: string, asked: IncomingMessage, answer: ServerResponse, fault: Fault | undefined): void {
  const { range, ...others } = asked.headers;
  const headers = fault?.kind === 'whole' || range === undefined ? others : { ...others, range };
  const onward = request(new URL(asked.url ?? '/', target), { method: asked.method ?? 'GET', headers }, (said) => {
    const short = fault?.kind === 'short' ? { 'content-length': String(fault.bytes) } : {};
    answer.writeHead(said.statusCode ?? 502, { ...said.headers, ...short });
    said.on('error', () => answer.destroy());
    if (fault === undefined || fault.kind === 'whole') said.pipe(answer);
    else void spoil(said, answer, fault);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}

async function spoil(said: IncomingMessage, answer: ServerResponse, fault: Exclude<Fault, { kind: 'whole' }>): Promise<void> {
  const body = Buffer.concat(await said.toArray());
  switch (fault.kind) {
    case 'cut':
      return void answer.write(body.subarray(0, fault.after_bytes), () => answer.destroy());
    case 'short':
      return void answer.end(body.subarray(0, fault.bytes));
    case 'wrong':
      body[0] = (body[0] ?? 0) ^ 1;
      return void answer.end(body);
    case 'held':
      answer.write(body.subarray(0, fault.after_bytes));
      await fault.until;
      return void answer.end(body.subarray(fault.after_bytes));
    case 'answer':
      throw new TypeError('answered before');
  }
}
