import { randomUUID } from 'node:crypto';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

// A registry that asks who is there, before the one at `TARGET` that does not: `guarded-registry.ts PORT TARGET basic|token`.
// It stands on loopback, takes user `ann` with password `s3cret` (and, with tokens, the refresh token `fresh`), and says
// `ready` on standard output. With tokens it gives them for just what was asked for, and holds every call against its token.

const [port = '', target = '', kind = ''] = process.argv.slice(2);
const BASIC = `Basic ${Buffer.from('ann:s3cret').toString('base64')}`;
/** Scopes by token. */
const tokens = new Map<string, readonly string[]>();

createServer((asked, answer) => void serve(asked, answer)).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));

async function serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const url = new URL(asked.url ?? '/', `http://127.0.0.1:${port}`);
  if (url.pathname === '/token') return giveToken(asked, url, answer);
  const wanted = wantedScope(asked.method ?? '', url.pathname);
  if (mayPass(asked.headers.authorization, wanted)) return pass(asked, answer);
  const scope = wanted === undefined ? '' : `,scope="${wanted}"`;
  const challenge = kind === 'basic' ? 'Basic realm="guarded"' : `Bearer realm="http://127.0.0.1:${port}/token",service="guarded"${scope}`;
  asked.resume();
  answer.writeHead(401, { 'www-authenticate': challenge, 'content-type': 'application/json' });
  answer.end(JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }));
}

function wantedScope(method: string, path: string): string | undefined {
  if (path === '/v2/_catalog') return 'registry:catalog:*';
  const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags|referrers)\//.exec(path)?.[1];
  return repository === undefined ? undefined : `repository:${repository}:${method === 'GET' || method === 'HEAD' ? 'pull' : 'push'}`;
}

function mayPass(authorization: string | undefined, wanted: string | undefined): boolean {
  if (kind === 'basic') return authorization === BASIC;
  const scopes = tokens.get(authorization?.replace('Bearer ', '') ?? '');
  if (wanted === undefined || scopes === undefined) return scopes !== undefined;
  const [type, name, action = ''] = wanted.split(':');
  return scopes.some((scope) => scope.startsWith(`${type}:${name}:`) && (scope.split(':')[2] ?? '').split(',').includes(action));
}

async function giveToken(asked: IncomingMessage, url: URL, answer: ServerResponse): Promise<void> {
  let body = '';
  for await (const piece of asked) body += String(piece);
  const form = new URLSearchParams(body);
  const isKnown = asked.headers.authorization === BASIC || form.get('refresh_token') === 'fresh';
  const service = form.get('service') ?? url.searchParams.get('service');
  if (!isKnown || service !== 'guarded') return void answer.writeHead(401).end();
  const token = randomUUID();
  tokens.set(
    token,
    [...url.searchParams.getAll('scope'), form.get('scope') ?? ''].flatMap((scope) => scope.split(' ')),
  );
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token }));
}

function pass(asked: IncomingMessage, answer: ServerResponse): void {
  const { authorization: _own, ...headers } = asked.headers;
  const onward = request(new URL(asked.url ?? '/', target), { method: asked.method ?? 'GET', headers }, (said) => {
    answer.writeHead(said.statusCode ?? 502, said.headers);
    said.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  asked.pipe(onward);
}
