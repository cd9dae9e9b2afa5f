import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { type Clock, type Random, readJson, writeDurable } from '#kit';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;
const RENEW_BEFORE_DAYS = 60;

/** A certificate with its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
/** The cluster's own authority and what it signed. */
export interface Certificates {
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
}
interface StoredPair extends KeyPair {
  readonly names: readonly string[];
  readonly until_ms: number;
}

/**
 * The authority and the certificates in `folder`; made when missing, leaves made anew when they run out within 60 days or
 * when the server is reached by other names than before.
 */
export async function openCertificates(options: { folder: string; serverNames: readonly string[]; clock: Clock; random: Random }): Promise<Certificates> {
  const { folder, clock } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = await openPair(folder, 'authority', [], clock, () => makeAuthority(options));
  const leaf = (name: string, names: readonly string[], subject: string, usage: string) =>
    openPair(folder, name, names, clock, () => makeLeaf({ ...options, authority, subject, names, usage }));
  const server = await leaf('server', options.serverNames, 'CN=kube-apiserver', x509.ExtendedKeyUsage.serverAuth);
  const admin = await leaf('admin', [], 'O=system:masters,CN=kubernetes-admin', x509.ExtendedKeyUsage.clientAuth);
  return { authority, server, admin };
}

async function openPair(folder: string, name: string, names: readonly string[], clock: Clock, make: () => Promise<StoredPair>): Promise<KeyPair> {
  const path = join(folder, `${name}.json`);
  // Written here only.
  const stored = (await readJson(path)) as StoredPair | undefined;
  const fits = stored !== undefined && names.every((wanted) => stored.names.includes(wanted));
  if (fits && stored.until_ms - clock.now() > RENEW_BEFORE_DAYS * DAY_MS) return stored;
  const made = await make();
  await writeDurable(path, JSON.stringify(made));
  return made;
}

async function makeAuthority({ clock, random }: { clock: Clock; random: Random }): Promise<StoredPair> {
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

interface LeafRequest {
  readonly authority: KeyPair;
  readonly subject: string;
  readonly names: readonly string[];
  readonly usage: string;
  readonly clock: Clock;
  readonly random: Random;
}

async function makeLeaf({ authority, subject, names, usage, clock, random }: LeafRequest): Promise<StoredPair> {
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
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportKey(keys.privateKey), names, until_ms };
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ALGORITHM, false, ['sign']);
}
