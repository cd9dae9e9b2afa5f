import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { GantryError } from '#kit';

/** A key for JSON Web Signatures (RFC 7515), with what its algorithm is called (RFC 7518). */
export interface TokenKey {
  readonly id: string;
  readonly algorithm: 'ES256' | 'ES384' | 'ES512' | 'RS256';
  readonly key: KeyObject;
}
export interface Claims {
  readonly [name: string]: unknown;
}

const CURVES: Readonly<Record<string, TokenKey['algorithm']>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const HASHES: Readonly<Record<TokenKey['algorithm'], string>> = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', RS256: 'sha256' };

/** The private key of a PEM text. Errors: BAD_TOKEN_KEY, naming its origin. */
export function signingKey(pem: string, origin: string): TokenKey {
  return keyOf(() => createPrivateKey(pem), origin);
}

/** The public keys of a PEM text: of public or private keys, or certificates. Errors: BAD_TOKEN_KEY. */
export function verificationKeys(pem: string, origin: string): readonly TokenKey[] {
  const blocks = pem.match(/-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g) ?? [];
  const usable = blocks.filter((block) => !block.includes('EC PARAMETERS'));
  if (usable.length === 0) throw new GantryError('BAD_TOKEN_KEY', 400, `Cannot use ${origin} for service account tokens: it holds no PEM key`);
  return usable.map((block) => keyOf(() => createPublicKey(block), origin));
}

function keyOf(read: () => KeyObject, origin: string): TokenKey {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw new GantryError('BAD_TOKEN_KEY', 400, `Cannot use ${origin} for service account tokens: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'RS256' : CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (algorithm === undefined)
    throw new GantryError('BAD_TOKEN_KEY', 400, `Cannot use ${origin} for service account tokens: want an RSA key, or one on the curves P-256, P-384 or P-521`);
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return { id, algorithm, key };
}

/** The claims as a signed token, in compact form. */
export function encodeToken(claims: Claims, { id, algorithm, key }: TokenKey): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: algorithm, kid: id })}.${part(claims)}`;
  const signature = sign(HASHES[algorithm], Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** The claims of a token, not yet believed; undefined for a text that is none. */
export function readToken(token: string): { readonly header: Claims; readonly claims: Claims } | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const [header, claims] = parts.slice(0, 2).map(readPart);
  return header !== undefined && claims !== undefined ? { header, claims } : undefined;
}

function readPart(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    // Any object is a set of claims; each is checked where it is used.
    return typeof value === 'object' && value !== null ? (value as Claims) : undefined;
  } catch {
    // Not JSON: no token of any kind.
    return undefined;
  }
}

/** Whether one of the keys signed the token: that of its key id, or any where it names none. */
export function isSignedBy(token: string, header: Claims, keys: readonly TokenKey[]): boolean {
  const at = token.lastIndexOf('.');
  const text = Buffer.from(token.slice(0, at));
  const signature = Buffer.from(token.slice(at + 1), 'base64url');
  return keys.some(
    ({ id, algorithm, key }) =>
      header.alg === algorithm &&
      (header.kid === undefined || header.kid === id) &&
      verify(HASHES[algorithm], text, { key, dsaEncoding: 'ieee-p1363' }, signature),
  );
}
