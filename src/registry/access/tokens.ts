import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Clock } from '#kit';
import type { Grant } from './types.ts';

/** What a token says (RFC 7519; distribution's token specification). `access` makes it one to use, `proof` one to get others with. */
export interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  /** Seconds since the epoch, each. */
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly access?: readonly Grant[];
  readonly proof?: string;
}

const HEADER = Buffer.from(JSON.stringify({ alg: 'EdDSA', typ: 'JWT' })).toString('base64url');
/** Tokens whose signature was looked at: clients send each with many requests. */
const KNOWN_MAX = 2_000;

/** Signs and checks tokens: JSON web tokens (RFC 7519), with a key of Ed25519 (RFC 8037). */
export class TokenSigner {
  readonly #key: KeyObject;
  readonly #public: KeyObject;
  readonly #options: { readonly clock: Clock; readonly audience: string; readonly issuer: string };
  readonly #known = new Map<string, Claims>();

  constructor({ key, ...options }: { readonly key: KeyObject; readonly clock: Clock; readonly audience: string; readonly issuer: string }) {
    this.#key = key;
    this.#public = createPublicKey(key);
    this.#options = options;
  }

  sign(user: string | undefined, lifetime_ms: number, content: Pick<Claims, 'access' | 'proof'>): { readonly token: string; readonly claims: Claims } {
    const { clock, audience: aud, issuer: iss } = this.#options;
    const iat = Math.floor(clock.now() / 1000);
    const claims: Claims = { iss, sub: user ?? '', aud, iat, nbf: iat, exp: iat + Math.ceil(lifetime_ms / 1000), ...content };
    const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return { token: `${signed}.${sign(null, Buffer.from(signed), this.#key).toString('base64url')}`, claims };
  }

  /** What a token says that this registry signed and that still counts; else undefined. */
  read(token: string): Claims | undefined {
    const claims = this.#known.get(token) ?? this.#verified(token);
    return claims !== undefined && claims.exp * 1000 > this.#options.clock.now() ? claims : undefined;
  }

  #verified(token: string): Claims | undefined {
    const [header, payload, signature, ...more] = token.split('.');
    // The header is always the same: no other algorithm can be asked for.
    if (header !== HEADER || payload === undefined || signature === undefined || more.length > 0) return undefined;
    if (!verify(null, Buffer.from(`${header}.${payload}`), this.#public, Buffer.from(signature, 'base64url'))) return undefined;
    // Its form is this file's own, since the signature is.
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
    if (claims.aud !== this.#options.audience || claims.iss !== this.#options.issuer) return undefined;
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(token, claims);
    return claims;
  }
}
