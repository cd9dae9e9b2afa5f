import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { PassThrough, type Readable, Writable } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Status } from '#cluster/api';
import { GantryError, type ProcessStreams } from '#kit';
import { ApiUnreachableError } from './errors.ts';
import { authorization, statusError, tlsOptions } from './http-handler.ts';
import { PODS } from './refs.ts';
import type { ServerAccess } from './types.ts';
import { pathOf } from './url.ts';

export interface PodLogOptions {
  readonly namespace: string;
  readonly name: string;
  readonly container?: string;
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly timestamps?: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
  readonly signal?: AbortSignal;
}

/** The bytes of a container's log. Errors: `StatusError`, `API_UNREACHABLE`. */
export async function podLogs(access: ServerAccess, options: PodLogOptions): Promise<Readable> {
  const { namespace, name, container, follow, previous, timestamps, tailLines, sinceSeconds, signal } = options;
  const query = {
    ...(container === undefined ? {} : { container }),
    ...(follow ? { follow: 'true' } : {}),
    ...(previous ? { previous: 'true' } : {}),
    ...(timestamps ? { timestamps: 'true' } : {}),
    ...(tailLines === undefined ? {} : { tailLines: String(tailLines) }),
    ...(sinceSeconds === undefined ? {} : { sinceSeconds: String(sinceSeconds) }),
  };
  const path = pathOf({ resource: PODS, namespace, name, subresource: 'log', query });
  const headers = await authorization(access);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpsRequest(new URL(path, access.server), { ...tlsOptions(access), headers, ...(signal ? { signal } : {}) });
    sent.on('response', resolve).on('error', (error) => reject(new ApiUnreachableError(access.server, `read the log of pod ${name}`, error)));
    sent.end();
  });
  if (response.statusCode !== 200) throw await refusal(response);
  return response;
}

export interface PodExecOptions {
  readonly namespace: string;
  readonly name: string;
  readonly container?: string;
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly terminal: boolean;
  readonly signal?: AbortSignal;
}

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;
const PROTOCOL = 'v5.channel.k8s.io';

/** Runs a command in a Pod's container over `v5.channel.k8s.io`. Errors: `StatusError`, `API_UNREACHABLE`; `exited` rejects where the connection broke. */
export async function podExec(access: ServerAccess, options: PodExecOptions): Promise<ProcessStreams> {
  const query = new URLSearchParams([
    ...options.command.map((word): [string, string] => ['command', word]),
    ...(options.container === undefined ? [] : [['container', options.container] satisfies [string, string]]),
    ['stdin', String(options.stdin)],
    ['stdout', 'true'],
    ['stderr', String(!options.terminal)],
    ['tty', String(options.terminal)],
  ]);
  const path = pathOf({ resource: PODS, namespace: options.namespace, name: options.name, subresource: 'exec', query: {} });
  const url = new URL(`${path}?${query}`, access.server);
  url.protocol = 'wss:';
  const ws = await import('ws');
  const socket = new ws.WebSocket(url, PROTOCOL, { ...tlsOptions(access), headers: await authorization(access), perMessageDeflate: false });
  const streams = streamsOf(socket, options);
  await opened(socket, access, options.name);
  options.signal?.addEventListener('abort', () => socket.terminate(), { once: true });
  return streams;
}

function streamsOf(socket: WebSocket, options: PodExecOptions): ProcessStreams {
  const stdout = new PassThrough();
  const stderr = options.terminal ? undefined : new PassThrough();
  const exited = Promise.withResolvers<number>();
  // Whoever awaits `exited` sees it; nobody has to.
  exited.promise.catch(() => undefined);
  const take = (sink: PassThrough | undefined, payload: Buffer) => {
    if (sink === undefined || payload.length === 0 || sink.write(payload)) return;
    socket.pause();
    sink.once('drain', () => socket.resume());
  };
  let status: Status | undefined;
  socket.on('message', (data: Buffer) => {
    const payload = data.subarray(1);
    if (data[0] === CHANNEL.stdout) take(stdout, payload);
    else if (data[0] === CHANNEL.stderr) take(stderr, payload);
    // The error channel carries one Status.
    else if (data[0] === CHANNEL.error) status = JSON.parse(payload.toString('utf8')) as Status;
  });
  socket.once('close', () => {
    stdout.end();
    stderr?.end();
    const code = status === undefined ? undefined : exitCodeOf(status);
    if (code !== undefined) exited.resolve(code);
    else
      exited.reject(
        new GantryError('EXEC_BROKEN', 500, `Cannot tell how the command in pod ${options.name} ended: ${status?.message ?? 'the connection broke off'}`),
      );
  });
  return {
    ...(options.stdin ? { stdin: inputOf(socket) } : {}),
    stdout,
    ...(stderr ? { stderr } : {}),
    async resize({ columns, rows }) {
      if (options.terminal && socket.readyState === socket.OPEN)
        socket.send(framed(CHANNEL.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))));
    },
    exited: exited.promise,
    detach: () => socket.close(),
  };
}

function inputOf(socket: WebSocket): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      socket.send(framed(CHANNEL.stdin, chunk), (error) => done(error ?? null));
    },
    final(done) {
      if (socket.readyState !== socket.OPEN) return done();
      socket.send(Buffer.from([CHANNEL.close, CHANNEL.stdin]), (error) => done(error ?? null));
    },
  });
}

function framed(channel: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([channel]), payload]);
}

/** The exit code that a Status on the error channel stands for; undefined where it tells of another failure. */
export function exitCodeOf(status: Pick<Status, 'status'> & Partial<Status>): number | undefined {
  if (status.status === 'Success') return 0;
  const cause = status.details?.causes?.find((one) => one.reason === 'ExitCode');
  return cause === undefined ? undefined : Number(cause.message);
}

function opened(socket: WebSocket, access: ServerAccess, pod: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', (error) => reject(new ApiUnreachableError(access.server, `run a command in pod ${pod}`, error)));
    socket.once('unexpected-response', (_request: ClientRequest, response: IncomingMessage) => {
      refusal(response).then(reject, reject);
    });
    // After it opened, a break shows as the close that follows.
    socket.on('error', () => socket.terminate());
  });
}

/** The error that an answer of 400 and more stands for. */
export async function refusal(response: IncomingMessage): Promise<Error> {
  const parts: Buffer[] = [];
  // An IncomingMessage without an encoding gives Buffers.
  for await (const part of response) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return statusError(response.statusCode ?? 500, JSON.parse(text));
  } catch {
    // Not a Status: its text is all there is to tell.
    return statusError(response.statusCode ?? 500, { message: text.trim() });
  }
}
