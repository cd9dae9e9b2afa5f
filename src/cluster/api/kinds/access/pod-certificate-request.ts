import { createPublicKey, constants, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { V1beta1PodCertificateRequest, V1beta1PodCertificateRequestSpec, V1beta1PodCertificateRequestStatus } from '../../generated/types.ts';
import { type Column, column, nameColumn, selectorText } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../../validation/text-formats.ts';
import { checkConditions } from '../../validation/conditions.ts';
import { strategy } from '../strategy.ts';
import { pemBlocks } from './pem.ts';
import { type CertificateRequest, parseCertificateRequest } from './pkcs10.ts';
import { checkSignerName } from '../../validation/signer-name.ts';

type Request = V1beta1PodCertificateRequest;
type Spec = V1beta1PodCertificateRequestSpec;
const KEY_BYTES_MAX = 10 * 1024;
const CHAIN_BYTES_MAX = 100 * 1024;
const UID_BYTES_MAX = 128;
const SECONDS = { least: 3_600, most: 91 * 86_400, ofKubernetes: 86_400 };
const REFRESH_MS = 600_000;
const ENDS = ['Issued', 'Denied', 'Failed'];
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];
const CHAIN = 'status.certificateChain';
/** An error that doesn't repeat the value: it is long, and no secret of the server's to tell. */
const OMITTED = '<value omitted>';

function checkSpec(errors: FieldErrors, spec: Spec): void {
  checkSignerName(errors, 'spec.signerName', spec.signerName);
  for (const key of Object.keys(spec.unverifiedUserAnnotations ?? {})) checkAnnotationKey(errors, 'spec.unverifiedUserAnnotations', key.toLowerCase());
  for (const [name, uid] of [
    ['podName', 'podUID'],
    ['serviceAccountName', 'serviceAccountUID'],
    ['nodeName', 'nodeUID'],
  ] as const) {
    checkText(errors, `spec.${name}`, spec[name] ?? '', dnsSubdomain);
    if (!spec[uid]) errors.invalid(`spec.${uid}`, '', 'must not be empty');
    if (Buffer.byteLength(spec[uid] ?? '') > UID_BYTES_MAX) errors.tooLong(`spec.${uid}`, UID_BYTES_MAX);
  }
  const seconds = spec.maxExpirationSeconds;
  if (seconds === undefined) return errors.required('spec.maxExpirationSeconds', 'must be set');
  const isOwn = /(^|\.)kubernetes\.io$/.test(spec.signerName?.split('/')[0] ?? '');
  const most = isOwn ? SECONDS.ofKubernetes : SECONDS.most;
  if (seconds < SECONDS.least || seconds > most) errors.invalid('spec.maxExpirationSeconds', seconds, `must be in the range [${SECONDS.least}, ${most}]`);
  if (spec.stubPKCS10Request && !spec.pkixPublicKey && !spec.proofOfPossession) checkStub(errors, 'spec.stubPKCS10Request', spec.stubPKCS10Request);
  else if (!spec.stubPKCS10Request && spec.pkixPublicKey && spec.proofOfPossession) checkKey(errors, spec);
  else errors.invalid('spec', OMITTED, 'exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set');
}

function checkAnnotationKey(errors: FieldErrors, field: string, key: string): void {
  const wrong = qualifiedName(key);
  for (const why of wrong) errors.invalid(field, key, why);
  if (wrong.length === 0 && !key.includes('/')) errors.invalid(field, key, 'must be a domain-prefixed key (such as "acme.io/foo")');
}

/** What is wrong with a key for this purpose; undefined where it is fine. */
function keyProblem({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, curves: string): readonly [value: string, why: string] | undefined {
  if (asymmetricKeyType === 'ed25519') return undefined;
  if (asymmetricKeyType === 'ec') {
    const curve = asymmetricKeyDetails?.namedCurve ?? '';
    return CURVES.includes(curve) ? undefined : [`curve ${curve}`, `elliptic public keys must use curve ${curves}`];
  }
  if (asymmetricKeyType !== 'rsa') return [OMITTED, 'unknown public key type; supported types are Ed25519, ECDSA, and RSA'];
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  return bits === 3072 || bits === 4096 ? undefined : [`${bits}-bit modulus`, 'RSA keys must have modulus size 3072 or 4096'];
}

/** Undefined for what is none. */
function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function checkStub(errors: FieldErrors, field: string, text: string): void {
  const der = Buffer.from(text, 'base64');
  if (der.length > KEY_BYTES_MAX) return errors.tooLong(field, KEY_BYTES_MAX);
  const request = tryRead<CertificateRequest>(() => parseCertificateRequest(der));
  if (request === undefined) return errors.invalid(field, OMITTED, 'must be a valid PKCS#10 CSR');
  const problem = keyProblem(request.publicKey, 'P256, P384, or P521');
  if (problem !== undefined) return errors.invalid(field, ...problem);
  if (tryRead(() => request.checkSignature() ?? true) === undefined) errors.invalid(field, OMITTED, 'invalid signature');
}

function checkKey(errors: FieldErrors, { pkixPublicKey = '', proofOfPossession = '', podUID }: Spec): void {
  const [der, proof] = [Buffer.from(pkixPublicKey, 'base64'), Buffer.from(proofOfPossession, 'base64')];
  if (der.length > KEY_BYTES_MAX) return errors.tooLong('spec.pkixPublicKey', KEY_BYTES_MAX);
  if (proof.length > KEY_BYTES_MAX) return errors.tooLong('spec.proofOfPossession', KEY_BYTES_MAX);
  const key = tryRead(() => createPublicKey({ key: der, format: 'der', type: 'spki' }));
  if (key === undefined) return errors.invalid('spec.pkixPublicKey', pkixPublicKey, 'must be a valid PKIX-serialized public key');
  const problem = keyProblem(key, 'P256 or P384');
  if (problem !== undefined) return errors.invalid('spec.pkixPublicKey', ...problem);
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const padding = key.asymmetricKeyType === 'rsa' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  if (tryRead(() => verify(digest, Buffer.from(podUID), { key, ...padding }, proof)) !== true)
    errors.invalid('spec.proofOfPossession', OMITTED, 'could not verify proof-of-possession signature');
}

const has = (status: V1beta1PodCertificateRequestStatus | undefined, ...types: readonly string[]) =>
  (status?.conditions ?? []).some(({ type, status: state }) => types.includes(type) && state === 'True');

function checkStatus(errors: FieldErrors, { spec, status = {} }: Request, old: Request): void {
  const { conditions = [], ...rest } = status;
  let known = 0;
  for (const [index, { type, status: state }] of conditions.entries()) {
    const path = `status.conditions.[${index}]`;
    if (!ENDS.includes(type)) errors.notSupported(`${path}.type`, type, ENDS);
    else {
      known += 1;
      if (known > 1) errors.invalid(`${path}.type`, type, 'There may be at most one condition with type "Issued", "Denied", or "Failed"');
      if (state !== 'True') errors.notSupported(`${path}.status`, state, ['True']);
    }
  }
  checkConditions(errors, 'status.conditions', conditions);
  if (errors.causes.length > 0) return;
  const changed = !isDeepStrictEqual(status, old.status ?? {});
  if (has(old.status, ...ENDS)) {
    if (changed) errors.invalid('status', OMITTED, 'immutable after PodCertificateRequest is issued, denied, or failed');
  } else if (has(status, 'Denied', 'Failed')) {
    if (Object.keys(rest).length > 0)
      errors.invalid('status', OMITTED, 'non-condition status fields must be empty when denying or failing the PodCertificateRequest');
  } else if (has(status, 'Issued')) checkIssued(errors, status, spec);
  else if (changed) errors.invalid('status', OMITTED, 'status is immutable unless transitioning to "Issued", "Denied", or "Failed"');
}

function checkIssued(errors: FieldErrors, status: V1beta1PodCertificateRequestStatus, spec: Spec): void {
  const chain = status.certificateChain ?? '';
  const wrong = (why: string) => errors.invalid(CHAIN, chain, why);
  if (Buffer.byteLength(chain) > CHAIN_BYTES_MAX) return errors.tooLong(CHAIN, CHAIN_BYTES_MAX);
  const [first, ...others] = pemBlocks(chain);
  if (first === undefined) return wrong('issued certificate chain must contain at least one certificate');
  if (first.type !== 'CERTIFICATE') return wrong('issued certificate chain must consist entirely of CERTIFICATE PEM blocks');
  const leaf = tryRead(() => new X509Certificate(first.der));
  if (leaf === undefined) return wrong('leaf certificate does not parse as valid X.509');
  const wanted = tryRead(() =>
    spec.stubPKCS10Request
      ? parseCertificateRequest(Buffer.from(spec.stubPKCS10Request, 'base64')).publicKey
      : createPublicKey({ key: Buffer.from(spec.pkixPublicKey ?? '', 'base64'), format: 'der', type: 'spki' }),
  );
  if (wanted === undefined || !leaf.publicKey.equals(wanted)) return wrong('leaf certificate was not issued to the requested public key');
  checkTimes(errors, status, leaf, spec);
  for (const { type, der } of others) {
    if (type !== 'CERTIFICATE') return wrong('issued certificate chain must consist entirely of CERTFICATE PEM blocks');
    if (tryRead(() => new X509Certificate(der)) === undefined) return wrong('intermediate certificate does not parse as valid X.509');
  }
}

function checkTimes(errors: FieldErrors, status: V1beta1PodCertificateRequestStatus, leaf: X509Certificate, spec: Spec): void {
  const { notBefore, notAfter, beginRefreshAt } = status;
  if (!notBefore) errors.required('status.notBefore', 'must be present and consistent with the issued certificate');
  if (!notAfter) errors.required('status.notAfter', 'must be present and consistent with the issued certificate');
  if (!beginRefreshAt) errors.required('status.beginRefreshAt', 'must be present and in the range [notbefore+10min, notafter-10min]');
  if (!notBefore || !notAfter || !beginRefreshAt) return;
  const [from, to, refresh] = [Date.parse(notBefore), Date.parse(notAfter), Date.parse(beginRefreshAt)];
  if (from !== leaf.validFromDate.getTime())
    return errors.invalid('status.notBefore', notBefore, 'must be set to the NotBefore time encoded in the leaf certificate');
  if (to !== leaf.validToDate.getTime()) return errors.invalid('status.notAfter', notAfter, 'must be set to the NotAfter time encoded in the leaf certificate');
  const seconds = (to - from) / 1_000;
  const most = spec.maxExpirationSeconds ?? 0;
  if (seconds < SECONDS.least) return errors.invalid(CHAIN, seconds, 'leaf certificate lifetime must be >= 1 hour');
  if (seconds > most) return errors.invalid(CHAIN, seconds, `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${most})`);
  if (refresh < from + REFRESH_MS) return errors.invalid('status.beginRefreshAt', beginRefreshAt, 'must be at least 10 minutes after status.notBefore');
  if (refresh > to - REFRESH_MS) errors.invalid('status.beginRefreshAt', beginRefreshAt, 'must be at least 10 minutes before status.notAfter');
}

const columns: readonly Column[] = [
  nameColumn,
  column<Request>('PodName', ({ spec }) => spec.podName),
  column<Request>('ServiceAccountName', ({ spec }) => spec.serviceAccountName),
  column<Request>('NodeName', ({ spec }) => spec.nodeName),
  column<Request>('SignerName', ({ spec }) => spec.signerName),
  column<Request>('State', ({ status }) => (status?.conditions ?? []).findLast(({ type }) => ENDS.includes(type))?.type ?? 'Pending'),
  column<Request>('UnverifiedUserAnnotations', ({ spec }) => selectorText({ matchLabels: spec.unverifiedUserAnnotations ?? {} })),
];

/** A node's wish for a certificate of one of its Pods. */
export const POD_CERTIFICATE_REQUEST = strategy<Request>({
  setDefaults: ({ spec }) => {
    if (spec) spec.maxExpirationSeconds ??= SECONDS.ofKubernetes;
  },
  validate: (errors, { spec }, old) => {
    if (old === undefined) {
      if (spec === undefined) errors.required('spec.signerName');
      else checkSpec(errors, spec);
    } else if (!isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', spec ?? null, 'field is immutable');
  },
  validateStatus: checkStatus,
  columns,
});
