import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#kit';
import type { Grant } from './types.ts';

/** What a token says (RFC 7519; distribution's token specification). `access` makes it one to use, `proof` one to get others with. */
export interface Claims {
  readonly sub: string;
  readonly aud: string;
  /** Seconds since the epoch, each. */
  readonly iat: number;
  readonly exp: number;
  readonly access?: readonly Grant[];
  readonly proof?: string;
}

const HEADER = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url');

/** Signs and checks tokens that only this registry reads: JSON web tokens with a key of its own (RFC 7515, HS256). */
export class TokenSigner {
  readonly #key: Uint8Array;
  readonly #clock: Clock;
  readonly #audience: string;

  constructor(options: { readonly key: Uint8Array; readonly clock: Clock; readonly audience: string }) {
    this.#key = options.key;
    this.#clock = options.clock;
    this.#audience = options.audience;
  }

  sign(user: string | undefined, lifetime_ms: number, content: Pick<Claims, 'access' | 'proof'>): { readonly token: string; readonly claims: Claims } {
    const iat = Math.floor(this.#clock.now() / 1000);
    const claims: Claims = { sub: user ?? '', aud: this.#audience, iat, exp: iat + Math.ceil(lifetime_ms / 1000), ...content };
    const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return { token: `${signed}.${this.#mac(signed).toString('base64url')}`, claims };
  }

  /** What a token says that this registry signed and that still counts; else undefined. */
  read(token: string): Claims | undefined {
    const [header, payload, signature, ...more] = token.split('.');
    if (header !== HEADER || payload === undefined || signature === undefined || more.length > 0) return undefined;
    const [given, right] = [Buffer.from(signature, 'base64url'), this.#mac(`${header}.${payload}`)];
    if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
    // Its form is this file's own, since the signature is.
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Claims;
    return claims.aud === this.#audience && claims.exp * 1000 > this.#clock.now() ? claims : undefined;
  }

  #mac(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}
