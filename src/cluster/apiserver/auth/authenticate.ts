import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { UserInfo } from '#cluster/api';
import { unauthorized } from '../errors.ts';
import type { ServiceAccountTokens, Verified } from './tokens/service-account-tokens.ts';

export const AUTHENTICATED = 'system:authenticated';

/** Who asks: by client certificate, or by bearer token: one of a file, or a ServiceAccount's. */
export class Authenticator {
  /** By their digests, so that how long a look-up takes tells nothing of a token. */
  readonly #fixed: ReadonlyMap<string, UserInfo>;
  readonly #accounts: ServiceAccountTokens;
  /** A connection's certificate stays what it is. */
  readonly #byCertificate = new WeakMap<Socket, UserInfo>();

  constructor(fixed: ReadonlyMap<string, UserInfo>, accounts: ServiceAccountTokens) {
    this.#fixed = new Map([...fixed].map(([token, user]) => [digest(token), user]));
    this.#accounts = accounts;
  }

  /** Undefined for nobody in particular. Errors: 401 for a token that is not believed. */
  authenticate(request: IncomingMessage): UserInfo | undefined {
    const known = this.#byCertificate.get(request.socket) ?? userOfCertificate(request);
    if (known) {
      this.#byCertificate.set(request.socket, known);
      return known;
    }
    const token = bearerToken(request);
    if (token === undefined) return undefined;
    const found = this.verify(token);
    if ('problem' in found) throw unauthorized();
    return found.user;
  }

  /** What a token says, and for which of the audiences. */
  verify(token: string, audiences: readonly string[] = this.#accounts.audiences): Verified {
    const fixed = this.#fixed.get(digest(token));
    if (fixed === undefined) return this.#accounts.verify(token, audiences) ?? { problem: 'it is none that this cluster knows' };
    const shared = audiences.filter((one) => this.#accounts.audiences.includes(one));
    return shared.length > 0 ? { user: withAuthenticated(fixed), audiences: shared } : { problem: 'the token is for this API server only' };
  }
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

export function withAuthenticated(user: UserInfo): UserInfo {
  return user.groups.includes(AUTHENTICATED) ? user : { ...user, groups: [...user.groups, AUTHENTICATED] };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
