import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import { pipeline as piped } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import type { Context } from '../context.ts';
import { nodeHttp } from '#kit';
import { backendUnreachable } from './errors.ts';
import { type ProxyTarget, proxyTarget } from './target.ts';

/** A request for what is behind a Pod, Service or node. */
export interface ProxyRequest {
  readonly resource: string;
  readonly namespace: string | undefined;
  /** `[scheme:]name[:port]` */
  readonly name: string;
  /** The whole path up to and with `/proxy`, as it was sent. */
  readonly prefix: string;
  /** What follows, as it was sent: empty, or with a slash first. */
  readonly path: string;
  /** With its question mark; empty without a query. */
  readonly search: string;
}

const PATH = /^(\/api\/v1\/(?:namespaces\/[^/]+\/)?(?:pods|services|nodes)\/[^/]+\/proxy)(\/.*)?$/;
/** What is between two neighbours only (RFC 9110, section 7.6.1), or tells who asks us. */
const NOT_PASSED = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'expect',
];

/** The two parts of such a path; undefined for another one. */
export function proxyPath({ pathname }: URL): { readonly prefix: string; readonly path: string } | undefined {
  const match = PATH.exec(pathname);
  return match === null ? undefined : { prefix: match[1] ?? '', path: match[2] ?? '' };
}

/** Passes the request on and its answer back. Errors (before the answer begins): 400, 404, 503. */
export async function serveProxy(context: Context, asked: ProxyRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = proxyTarget(context, asked.resource, asked.namespace, asked.name);
  if (asked.path === '' && (request.method === 'GET' || request.method === 'HEAD')) {
    // Its relative links would lead beside it.
    response.writeHead(301, { location: `${asked.prefix}/${asked.search}` }).end();
    return;
  }
  const sent = await open(target, asked, request, passedOn(request, target, asked));
  response.once('close', () => sent.destroy());
  const answered = new Promise<IncomingMessage>((resolve, reject) => sent.once('response', resolve).once('error', reject));
  pipeline(request, sent, () => {
    // What breaks here breaks the answer too, and is told there.
  });
  const answer = await answered.catch((error: unknown) => {
    throw backendUnreachable(target.host, error);
  });
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, passedBack(answer.headers, target, asked));
  await piped(answer, response).catch((error: unknown) => context.logger.debug('An answer that was passed on broke off', { error }));
}

/** Passes an upgrade on: from then on bytes go both ways. Errors (before anything is answered): 400, 404, 503. */
export async function serveProxyUpgrade(context: Context, asked: ProxyRequest, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const target = proxyTarget(context, asked.resource, asked.namespace, asked.name);
  const { upgrade = '' } = request.headers;
  const sent = await open(target, asked, request, { ...passedOn(request, target, asked), connection: 'Upgrade', upgrade });
  socket.once('close', () => sent.destroy());
  sent.end();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  sent.once('error', (error) => reject(backendUnreachable(target.host, error)));
  sent.once('response', (answer) => {
    socket.write(headText(answer));
    pipeline(answer, socket, () => resolve());
  });
  sent.once('upgrade', (answer, backend, first) => {
    socket.write(headText(answer));
    if (first.length > 0) socket.write(first);
    if (head.length > 0) backend.write(head);
    socket.pipe(backend).pipe(socket);
    // Either side's end is the other one's; what broke it is known there.
    socket.once('close', () => backend.destroy());
    backend.on('error', () => backend.destroy());
    backend.once('close', () => {
      socket.destroy();
      resolve();
    });
  });
  await promise;
}

async function open(target: ProxyTarget, asked: ProxyRequest, { method = 'GET' }: IncomingMessage, headers: OutgoingHttpHeaders): Promise<ClientRequest> {
  const plain = await target.connect().catch((error: unknown) => {
    throw backendUnreachable(target.host, error);
  });
  // Whose certificate it is nobody here can know: it is named by an address that changes.
  const connection = target.isTls ? connectTls({ socket: plain, rejectUnauthorized: false }) : plain;
  return nodeHttp().request({ method, path: `${asked.path || '/'}${asked.search}`, headers, setHost: false, createConnection: () => connection });
}

function passedOn(request: IncomingMessage, target: ProxyTarget, { prefix, path }: ProxyRequest): OutgoingHttpHeaders {
  const headers = withoutHops(request.headers);
  const { remoteAddress = '' } = request.socket;
  const before = request.headers['x-forwarded-for'];
  return {
    ...headers,
    host: target.host,
    'x-forwarded-for': before === undefined ? remoteAddress : `${String(before)}, ${remoteAddress}`,
    'x-forwarded-host': request.headers.host ?? '',
    'x-forwarded-proto': 'https',
    'x-forwarded-uri': `${prefix}${path}`,
  };
}

/** Where the answer leads within the same place, it leads through the proxy again. */
function passedBack(headers: IncomingHttpHeaders, target: ProxyTarget, { prefix }: ProxyRequest): OutgoingHttpHeaders {
  const passed = withoutHops(headers);
  const { location } = headers;
  if (location === undefined) return passed;
  const base = `${target.isTls ? 'https' : 'http'}://${target.host}`;
  const inside = location.startsWith(`${base}/`) ? location.slice(base.length) : location;
  return { ...passed, location: inside.startsWith('/') && !inside.startsWith('//') ? `${prefix}${inside}` : location };
}

function withoutHops(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !NOT_PASSED.includes(name) && !named.includes(name) && !name.startsWith('impersonate-')),
  );
}

function headText({ statusCode = 502, statusMessage = '', rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
