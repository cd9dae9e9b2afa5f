import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { ParsedRequest } from '#cluster/controllers';
import { type Clock, GantryError, type Random } from '#kit';
import { ALGORITHM, importKey, type KeyPair } from './issue-certificates.ts';

const BACKDATE_MS = 300_000;
const KEY_USAGE_OID = '2.5.29.15';
/** Kubernetes' names of key usages, with their bits (RFC 5280, 4.2.1.3). */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
};
/** The extended ones (4.2.1.12). */
const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': x509.ExtendedKeyUsage.serverAuth,
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'code signing': x509.ExtendedKeyUsage.codeSigning,
  'email protection': x509.ExtendedKeyUsage.emailProtection,
  's/mime': x509.ExtendedKeyUsage.emailProtection,
  timestamping: x509.ExtendedKeyUsage.timeStamping,
  'ocsp signing': x509.ExtendedKeyUsage.ocspSigning,
};

/** What a request asks for. Errors: `CSR_UNREADABLE`. */
export async function readRequest(pem: string): Promise<ParsedRequest> {
  const request = await parse(pem);
  const names = namesOf(request)?.names.items ?? [];
  const of = (type: string) => names.filter((one) => one.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    addresses: of('ip'),
    others: names.filter(({ type }) => type !== 'dns' && type !== 'ip').map(({ value }) => value),
  };
}

export interface SignOptions {
  readonly authority: KeyPair;
  readonly usages: readonly string[];
  readonly lifetime_s: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** The certificate as PEM: the request's subject, names and key; never that of an authority, nor longer than the authority's own. Errors: `CSR_UNREADABLE`. */
export async function signRequest(pem: string, { authority, usages, lifetime_s, clock, random }: SignOptions): Promise<string> {
  const request = await parse(pem);
  const issuer = new x509.X509Certificate(authority.certificate);
  const names = namesOf(request);
  const bits = usages.map((usage) => KEY_USAGES[usage]).filter((bit) => bit !== undefined);
  const extended = [...new Set(usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []))];
  const until_ms = Math.min(clock.now() + lifetime_s * 1000, issuer.notAfter.getTime());
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `01${random.hex(30)}`,
    subject: request.subjectName.toJSON(),
    issuer: issuer.subjectName.toJSON(),
    notBefore: new Date(clock.now() - BACKDATE_MS),
    notAfter: new Date(until_ms),
    signingAlgorithm: ALGORITHM,
    publicKey: request.publicKey,
    signingKey: await importKey(authority.key),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(bits.length === 0 ? [] : [new x509.Extension(KEY_USAGE_OID, true, bitString(bits))]),
      ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
      ...(names === undefined ? [] : [names]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

function namesOf({ extensions }: x509.Pkcs10CertificateRequest): x509.SubjectAlternativeNameExtension | undefined {
  return extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
}

async function parse(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  const [der] = x509.PemConverter.decode(pem);
  if (der === undefined) throw new GantryError('CSR_UNREADABLE', 400, 'it holds no PEM block');
  const request = new x509.Pkcs10CertificateRequest(der);
  if (!(await request.verify())) throw new GantryError('CSR_UNREADABLE', 400, 'it is not signed by its own key');
  return request;
}

/** A DER BIT STRING with these bits set, the first one being 0 (X.690, 8.6). */
function bitString(bits: readonly number[]): Uint8Array<ArrayBuffer> {
  const last = Math.max(...bits);
  const bytes = new Uint8Array(Math.floor(last / 8) + 1);
  for (const bit of bits) bytes[Math.floor(bit / 8)] = (bytes[Math.floor(bit / 8)] ?? 0) | (0x80 >> (bit % 8));
  return new Uint8Array([3, bytes.length + 1, 7 - (last % 8), ...bytes]);
}
