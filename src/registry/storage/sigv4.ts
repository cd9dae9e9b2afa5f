import { createHash, createHmac, webcrypto } from 'node:crypto';

/** A longer body is hashed by another thread. */
const INLINE_BYTES_MAX = 64 * 1024;

export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}
/** What is signed of a request. Header names are in lower case. */
export interface SignedRequest {
  readonly method: string;
  /** As it is sent, already escaped. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hexadecimal. */
  readonly payloadHash: string;
}
export interface SigningScope {
  readonly region: string;
  /** `20130524T000000Z`. */
  readonly timestamp: string;
}

/** The `Authorization` header of a request to S3 (AWS Signature Version 4, "Signature calculations: transferring payload in a single chunk"). */
export function authorizationOf(request: SignedRequest, { region, timestamp }: SigningScope, { accessKey, secretKey }: Credentials): string {
  const date = timestamp.slice(0, 8);
  const scope = `${date}/${region}/s3/aws4_request`;
  const names = Object.keys(request.headers).sort();
  const canonical = [
    request.method,
    request.path,
    canonicalQuery(request.query),
    ...names.map((name) => `${name}:${request.headers[name]?.trim().replaceAll(/ +/g, ' ')}`),
    '',
    names.join(';'),
    request.payloadHash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', timestamp, scope, sha256(canonical)].join('\n');
  const key = [date, region, 's3', 'aws4_request'].reduce<string | Buffer>((from, step) => hmac(from, step), `AWS4${secretKey}`);
  return `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${hmac(key, text).toString('hex')}`;
}

/** The query string, sorted and escaped as the signature wants it. */
export function canonicalQuery(query: Readonly<Record<string, string>>): string {
  return Object.entries(query)
    .map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`)
    .sort()
    .join('&');
}

/** Escapes everything but the unreserved characters (RFC 3986, 2.3). */
export function escapeUri(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** SHA-256 of a body, that of a large one not on the event loop. */
export async function payloadHashOf(body: Uint8Array): Promise<string> {
  if (body.length <= INLINE_BYTES_MAX) return sha256(body);
  // A cast because the types allow for memory that several threads share, which no body has.
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', body as Uint8Array<ArrayBuffer>)).toString('hex');
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
