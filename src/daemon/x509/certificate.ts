import { createHash, createPrivateKey, generateKeyPair, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import { bitString, context, element, elements, integer, objectIdentifier, sequence, TAG, time } from './der.ts';

/** Object identifiers of RFC 5280 and RFC 5758. */
const OID = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;
const NAME_TYPES = { CN: '2.5.4.3', O: '2.5.4.10' } as const;
/** What a certificate may be used for (RFC 5280, 4.2.1.12). */
export const USAGE = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;

/** A certificate with its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}
export type NamePart = readonly [type: keyof typeof NAME_TYPES, value: string];
interface Common {
  readonly subject: readonly NamePart[];
  /** Positive, at most 20 bytes. */
  readonly serial: Uint8Array;
  readonly from: Date;
  readonly until: Date;
}
export interface LeafOptions extends Common {
  readonly authority: KeyPair;
  /** DNS names and addresses that it stands for. */
  readonly names: readonly string[];
  /** One of `USAGE`. */
  readonly usage: string;
}

/** A new P-256 key and a certificate of it that it signed itself, for signing others (RFC 5280, `keyCertSign` and `cRLSign`). */
export async function makeAuthorityPair(options: Common): Promise<KeyPair> {
  const { publicKey, privateKey } = await newKeys();
  const subject = nameOf(options.subject);
  const extensions = [
    extension(OID.basicConstraints, true, sequence(element(TAG.boolean, Uint8Array.of(0xff)))),
    // Bits 5 and 6 of the nine.
    extension(OID.keyUsage, true, bitString(Uint8Array.of(0b0000_0110), 1)),
    extension(OID.subjectKeyIdentifier, false, element(TAG.octetString, keyIdentifierOf(publicKey))),
  ];
  return issue({ ...options, subject, issuer: subject, publicKey, extensions }, privateKey, privateKey);
}

/** A new P-256 key and a certificate of it that the authority signed. */
export async function makeLeafPair(options: LeafOptions): Promise<KeyPair> {
  const { publicKey, privateKey } = await newKeys();
  const issuer = readIssuer(options.authority.certificate);
  const extensions = [
    // Bit 0: digital signatures.
    extension(OID.keyUsage, true, bitString(Uint8Array.of(0b1000_0000), 7)),
    extension(OID.extendedKeyUsage, false, sequence(objectIdentifier(options.usage))),
    ...(options.names.length > 0 ? [extension(OID.subjectAlternativeName, false, sequence(...options.names.map(alternativeName)))] : []),
    extension(OID.authorityKeyIdentifier, false, sequence(element(context(0, false), issuer.keyIdentifier))),
  ];
  const request = { ...options, subject: nameOf(options.subject), issuer: issuer.name, publicKey, extensions };
  return issue(request, createPrivateKey(options.authority.key), privateKey);
}

interface Request extends Omit<Common, 'subject'> {
  readonly subject: Buffer;
  readonly issuer: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280, 4.1: the fields in their order, signed. */
function issue(request: Request, signingKey: KeyObject, key: KeyObject): KeyPair {
  const algorithm = sequence(objectIdentifier(OID.ecdsaWithSha256));
  const body = sequence(
    // Version 3 is written as 2.
    element(context(0, true), integer(Uint8Array.of(2))),
    integer(request.serial),
    algorithm,
    request.issuer,
    sequence(time(request.from), time(request.until)),
    request.subject,
    request.publicKey.export({ type: 'spki', format: 'der' }),
    element(context(3, true), sequence(...request.extensions)),
  );
  const signed = sequence(body, algorithm, bitString(sign('sha256', body, signingKey)));
  return { certificate: new X509Certificate(signed).toString(), key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function newKeys(): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> {
  return promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
}

function nameOf(parts: readonly NamePart[]): Buffer {
  return sequence(...parts.map(([type, value]) => element(TAG.set, sequence(objectIdentifier(NAME_TYPES[type]), element(TAG.utf8String, Buffer.from(value))))));
}

function extension(identifier: string, isCritical: boolean, content: Buffer): Buffer {
  const critical = isCritical ? [element(TAG.boolean, Uint8Array.of(0xff))] : [];
  return sequence(objectIdentifier(identifier), ...critical, element(TAG.octetString, content));
}

function alternativeName(name: string): Buffer {
  const isAddress = isIPv4(name) || isIPv6(name);
  return isAddress ? element(context(7, false), addressBytes(name)) : element(context(2, false), Buffer.from(name));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  // Of `::` and its neighbours: the groups before and after it, zeros between them.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** RFC 5280, 4.2.1.2, method 1: the SHA-1 of the public key's bits. */
function keyIdentifierOf(publicKey: KeyObject): Buffer {
  const [whole] = elements(publicKey.export({ type: 'spki', format: 'der' }));
  const bits =
    elements(whole?.content ?? Buffer.alloc(0))
      .at(-1)
      ?.content.subarray(1) ?? Buffer.alloc(0);
  return createHash('sha1').update(bits).digest();
}

/** The authority's name and key identifier, byte for byte as its certificate has them: clients compare the bytes. */
function readIssuer(certificate: string): { name: Buffer; keyIdentifier: Buffer } {
  const parsed = new X509Certificate(certificate);
  const [outer] = elements(parsed.raw);
  const [body] = elements(outer?.content ?? Buffer.alloc(0));
  const fields = elements(body?.content ?? Buffer.alloc(0));
  // After the version: serial, algorithm, issuer, validity, subject.
  const name = fields[5]?.whole;
  const extensions = fields.find(({ tag }) => tag === context(3, true));
  const [list] = elements(extensions?.content ?? Buffer.alloc(0));
  const wanted = objectIdentifier(OID.subjectKeyIdentifier);
  const found = elements(list?.content ?? Buffer.alloc(0))
    .map(({ content }) => elements(content))
    .find(([identifier]) => identifier?.whole.equals(wanted) ?? false);
  const [keyIdentifier] = elements(found?.at(-1)?.content ?? Buffer.alloc(0));
  if (name === undefined) throw new TypeError('the authority’s certificate has no subject');
  return { name, keyIdentifier: keyIdentifier?.content ?? keyIdentifierOf(parsed.publicKey) };
}
