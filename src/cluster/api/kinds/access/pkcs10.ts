import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { GantryError } from '#kit';

/** By which digest the signature of an algorithm is made; Ed25519 has its own. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2b6570': null,
};

/** A request for a certificate (PKCS#10, RFC 2986), as far as its key and signature go. */
export interface CertificateRequest {
  readonly publicKey: KeyObject;
  /** Errors: BAD_CERTIFICATE_REQUEST where it was made by another key, or in a way that isn't known. */
  checkSignature(): void;
}

/** Reads a request in DER. Errors: BAD_CERTIFICATE_REQUEST. */
export function parseCertificateRequest(der: Buffer): CertificateRequest {
  const [info, algorithm, signature] = children(element(der, 0));
  if (info === undefined || algorithm === undefined || signature === undefined) throw bad('asn1: structure error');
  const [, , key] = children(info);
  if (key === undefined) throw bad('asn1: structure error');
  const publicKey = readKey(key.whole);
  return {
    publicKey,
    checkSignature: () => {
      const digest = DIGESTS[children(algorithm)[0]?.content.toString('hex') ?? ''];
      if (digest === undefined) throw bad('x509: cannot verify signature: algorithm unimplemented');
      // The first byte counts the bits that are not used.
      if (!verify(digest, info.whole, publicKey, signature.content.subarray(1))) throw bad('x509: signature is wrong for this key');
    },
  };
}

function readKey(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch (error) {
    throw bad('x509: failed to parse public key', error);
  }
}

interface Element {
  readonly content: Buffer;
  readonly whole: Buffer;
}

/** One value of DER (X.690) at an offset. */
function element(der: Buffer, offset: number): Element {
  const first = der[offset + 1];
  if (first === undefined) throw bad('asn1: syntax error: data truncated');
  const count = first < 0x80 ? 0 : first & 0x7f;
  if (count > 4) throw bad('asn1: structure error: length too large');
  const start = offset + 2 + count;
  const length = count === 0 ? first : start <= der.length ? der.readUIntBE(offset + 2, count) : Infinity;
  if (start + length > der.length) throw bad('asn1: syntax error: data truncated');
  return { content: der.subarray(start, start + length), whole: der.subarray(offset, start + length) };
}

function children({ content }: Element): readonly Element[] {
  const found: Element[] = [];
  for (let offset = 0; offset < content.length; ) {
    const next = element(content, offset);
    found.push(next);
    offset += next.whole.length;
  }
  return found;
}

function bad(why: string, cause?: unknown): GantryError {
  return new GantryError('BAD_CERTIFICATE_REQUEST', 422, why, cause === undefined ? {} : { cause });
}
