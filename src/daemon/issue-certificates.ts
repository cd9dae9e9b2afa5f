import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Clock, Random } from '#kit';

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;

/** A certificate with its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
/** As it is kept. */
export interface StoredPair extends KeyPair {
  readonly names: readonly string[];
  readonly until_ms: number;
}

/** A new authority, which signs itself (RFC 5280). */
export async function makeAuthority({ clock, random }: { clock: Clock; random: Random }): Promise<StoredPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const until_ms = clock.now() + CA_DAYS * DAY_MS;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `01${random.hex(30)}`,
    name: 'CN=gantry',
    notBefore: new Date(clock.now() - DAY_MS),
    notAfter: new Date(until_ms),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey), names: [], until_ms };
}

/** What a certificate of the authority is to say. */
export interface LeafRequest {
  readonly authority: KeyPair;
  readonly subject: string;
  readonly names: readonly string[];
  readonly usage: 'server' | 'client';
  readonly clock: Clock;
  readonly random: Random;
}

/** A certificate that the authority signs, with a key of its own. */
export async function makeLeaf({ authority, subject, names, usage, clock, random }: LeafRequest): Promise<StoredPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const issuer = new x509.X509Certificate(authority.certificate);
  const until_ms = clock.now() + LEAF_DAYS * DAY_MS;
  const alternatives = names.map((name) => ({ type: /^[\d.]+$|:/.test(name) ? ('ip' as const) : ('dns' as const), value: name }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${random.hex(30)}`,
    subject,
    issuer: issuer.subject,
    notBefore: new Date(clock.now() - DAY_MS),
    notAfter: new Date(until_ms),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth]),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey), names, until_ms };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
export function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign']);
}
