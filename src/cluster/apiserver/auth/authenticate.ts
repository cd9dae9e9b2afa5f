import type { TLSSocket } from 'node:tls';
import type { IncomingMessage } from 'node:http';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '#cluster/api';
import { unauthorized } from '../errors.ts';

/** Who asks: by client certificate, then by bearer token; undefined for nobody in particular. Errors: 401 for a token that is not known. */
export function authenticate(request: IncomingMessage, tokens: ReadonlyMap<string, UserInfo>): UserInfo | undefined {
  const byCertificate = userOfCertificate(request);
  if (byCertificate) return byCertificate;
  const token = bearerToken(request);
  if (token === undefined) return undefined;
  for (const [known, user] of tokens) {
    if (sameText(known, token)) return withAuthenticated(user);
  }
  throw unauthorized();
}

function userOfCertificate(request: IncomingMessage): UserInfo | undefined {
  // The edge serves TLS only, so each request's socket is a TLSSocket.
  const socket = request.socket as TLSSocket;
  if (!socket.authorized) return undefined;
  const subject = socket.getPeerCertificate().subject;
  const [name] = texts(subject?.CN);
  return name === undefined ? undefined : withAuthenticated({ name, groups: texts(subject.O) });
}

/** A subject's entry is one text, or several where the name holds it several times. */
function texts(entry: unknown): readonly string[] {
  if (typeof entry === 'string') return [entry];
  return Array.isArray(entry) ? entry.map(String) : [];
}

/** From the Authorization header or, for browsers' WebSockets, from the subprotocol that carries one. */
function bearerToken(request: IncomingMessage): string | undefined {
  const header = /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1];
  if (header !== undefined) return header;
  const offered = request.headers['sec-websocket-protocol']?.split(',') ?? [];
  const carrier = offered.map((protocol) => protocol.trim()).find((protocol) => protocol.startsWith(TOKEN_PROTOCOL));
  return carrier === undefined ? undefined : Buffer.from(carrier.slice(TOKEN_PROTOCOL.length), 'base64url').toString('utf8');
}
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

function withAuthenticated(user: UserInfo): UserInfo {
  return user.groups.includes('system:authenticated') ? user : { ...user, groups: [...user.groups, 'system:authenticated'] };
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
