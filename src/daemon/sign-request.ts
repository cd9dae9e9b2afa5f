import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import type { ParsedRequest } from '#cluster/controllers';
import { type Clock, GantryError, type Random } from '#kit';
import { ALGORITHM, importKey, type KeyPair } from './issue-certificates.ts';

const BACKDATE_MS = 300_000;
const { KeyUsageFlags: Flags } = x509;
/** Kubernetes' names of key usages (RFC 5280, 4.2.1.3). */
const KEY_USAGES: Readonly<Record<string, x509.KeyUsageFlags>> = {
  signing: Flags.digitalSignature,
  'digital signature': Flags.digitalSignature,
  'content commitment': Flags.nonRepudiation,
  'key encipherment': Flags.keyEncipherment,
  'key agreement': Flags.keyAgreement,
  'data encipherment': Flags.dataEncipherment,
  'cert sign': Flags.keyCertSign,
  'crl sign': Flags.cRLSign,
  'encipher only': Flags.encipherOnly,
  'decipher only': Flags.decipherOnly,
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
  const flags = usages.map((usage) => KEY_USAGES[usage]).filter((flag) => flag !== undefined);
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
      // Flags put together are no member of the enumeration, but what the extension takes.
      ...(flags.length === 0 ? [] : [new x509.KeyUsagesExtension(flags.reduce<number>((all, flag) => all | flag, 0) as x509.KeyUsageFlags, true)]),
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
