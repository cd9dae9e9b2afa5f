import { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '#kit';
import type { V1CertificateSigningRequest, V1CertificateSigningRequestCondition } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { humanDuration } from '../../table/duration.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { strategy } from '../strategy.ts';
import { changedLines } from '../storage/changes.ts';
import { pemBlocks } from './pem.ts';
import { parseCertificateRequest } from './pkcs10.ts';
import { checkSignerName } from '../../validation/signer-name.ts';

type Request = V1CertificateSigningRequest;
const SECONDS_MIN = 600;
const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown';
const VERDICTS = ['Approved', 'Denied', 'Failed'];
const USAGES = [
  ...['any', 'cert sign', 'client auth', 'code signing', 'content commitment', 'crl sign', 'data encipherment', 'decipher only', 'digital signature'],
  ...['email protection', 'encipher only', 'ipsec end system', 'ipsec tunnel', 'ipsec user', 'key agreement', 'key encipherment', 'microsoft sgc'],
  ...['netscape sgc', 'ocsp signing', 's/mime', 'server auth', 'signing', 'timestamping'],
];
const has = (request: Request | undefined, type: string) => (request?.status?.conditions ?? []).filter((one) => one.type === type);

/** What is wrong with a request (base64 of PEM), in words; undefined where it can be signed. */
function requestProblem(request = ''): string | undefined {
  const [block] = pemBlocks(Buffer.from(request, 'base64').toString('latin1'));
  if (block === undefined || block.type !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST';
  try {
    parseCertificateRequest(block.der).checkSignature();
  } catch (error) {
    return messageOf(error);
  }
  return undefined;
}

/** `old` tells what was let in by rules of the past, and what is not looked at again. */
function checkRequest(errors: FieldErrors, { spec, status }: Request, old?: Request): void {
  if (spec?.request !== old?.spec?.request || old === undefined) {
    const problem = requestProblem(spec?.request);
    if (problem !== undefined) errors.invalid('spec.request', spec?.request ?? '', problem);
  }
  checkUsages(errors, spec?.usages ?? [], old?.spec?.usages ?? []);
  if (spec?.signerName === LEGACY_SIGNER && old?.spec?.signerName !== LEGACY_SIGNER)
    errors.invalid('spec.signerName', LEGACY_SIGNER, 'the legacy signerName is not allowed via this API version');
  else checkSignerName(errors, 'spec.signerName', spec?.signerName);
  const seconds = spec?.expirationSeconds;
  if (seconds !== undefined && seconds < SECONDS_MIN)
    errors.invalid('spec.expirationSeconds', seconds, `may not specify a duration less than ${SECONDS_MIN} seconds (10 minutes)`);
  checkConditions(errors, status?.conditions ?? [], old);
  if (status?.certificate === undefined || status.certificate === old?.status?.certificate) return;
  const problem = certificateProblem(status.certificate);
  if (problem !== undefined) errors.invalid('status.certificate', '<certificate data>', problem);
}

function checkUsages(errors: FieldErrors, usages: readonly string[], old: readonly string[]): void {
  const hadUnknown = old.some((usage) => !USAGES.includes(usage));
  const hadTwice = new Set(old).size < old.length;
  if (usages.length === 0) errors.required('spec.usages');
  for (const [index, usage] of usages.entries()) {
    if (!hadUnknown && !USAGES.includes(usage)) errors.notSupported(`spec.usages[${index}]`, usage, USAGES);
    if (!hadTwice && usages.indexOf(usage) < index) errors.duplicate(`spec.usages[${index}]`, usage);
  }
}

function checkConditions(errors: FieldErrors, conditions: readonly V1CertificateSigningRequestCondition[], old?: Request): void {
  const field = 'status.conditions';
  const hadTypes = (old?.status?.conditions ?? []).map(({ type }) => type);
  const hadBoth = hadTypes.includes('Approved') && hadTypes.includes('Denied');
  const seen: string[] = [];
  for (const [index, { type = '', status }] of conditions.entries()) {
    const path = `${field}[${index}]`;
    const allowed = VERDICTS.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (type === '' && !hadTypes.includes('')) errors.required(`${path}.type`);
    if (!status) errors.required(`${path}.status`);
    else if (!allowed.includes(status)) errors.notSupported(`${path}.status`, status, allowed);
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined;
    if (!hadBoth && opposite !== undefined && seen.includes(opposite)) errors.invalid(field, type, 'Approved and Denied conditions are mutually exclusive');
    if (seen.includes(type) && new Set(hadTypes).size === hadTypes.length) errors.duplicate(`${path}.type`, type);
    seen.push(type);
  }
}

function certificateProblem(certificate: string): string | undefined {
  const blocks = pemBlocks(Buffer.from(certificate, 'base64').toString('latin1'));
  if (blocks.length === 0) return 'must contain at least one CERTIFICATE PEM block';
  for (const { type, hasHeaders, der } of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (hasHeaders) return 'no PEM block headers are permitted';
    const problem = unreadable(der);
    if (problem !== undefined) return `x509: malformed certificate: ${problem}`;
  }
  return undefined;
}

const readCertificate = (der: Buffer): X509Certificate => new X509Certificate(der);

function unreadable(der: Buffer): string | undefined {
  try {
    readCertificate(der);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** Nobody takes a verdict back; who signs gives none. */
function checkVerdicts(errors: FieldErrors, request: Request, old: Request, mayDecide: boolean): void {
  for (const type of VERDICTS) {
    const [now, before] = [has(request, type), has(old, type)];
    if (now.length < before.length) errors.forbidden('status.conditions', `updates may not remove a condition of type "${type}"`);
    else if (mayDecide || type === 'Failed') continue;
    else if (now.length > before.length) errors.forbidden('status.conditions', `updates may not add a condition of type "${type}"`);
    else if (!isDeepStrictEqual(now, before))
      errors.forbidden('status.conditions', `updates may not modify a condition of type "${type}"\n${changedLines(before[0], now[0])}`);
  }
}

function checkStatus(errors: FieldErrors, request: Request, old: Request): void {
  checkRequest(errors, request, old);
  checkVerdicts(errors, request, old, false);
  const before = old.status?.certificate;
  if (before && request.status?.certificate !== before) errors.forbidden('status.certificate', 'updates may not modify existing certificate content');
}

function conditionText(request: Request): string {
  const verdict = has(request, 'Denied').length > 0 ? 'Denied' : has(request, 'Approved').length > 0 ? 'Approved' : 'Pending';
  return `${verdict}${has(request, 'Failed').length > 0 ? ',Failed' : ''}${request.status?.certificate ? ',Issued' : ''}`;
}

const columns: readonly Column[] = [
  nameColumn,
  ageColumn,
  column<Request>('SignerName', ({ spec }) => spec.signerName || '<none>'),
  column<Request>('Requestor', ({ spec }) => spec.username ?? ''),
  column<Request>('RequestedDuration', ({ spec }) => (spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1_000))),
  column<Request>('Condition', conditionText),
];

export const CERTIFICATE_SIGNING_REQUEST = strategy<Request>({
  // Any name that stands in a path.
  validateName: () => {},
  prepareCreate: (request) => {
    request.status = {};
  },
  // What was asked for stays: another wish is another request.
  prepareUpdate: (request, old) => {
    request.spec = old.spec;
  },
  validate: (errors, request, old) => {
    checkRequest(errors, request, old);
    if (old !== undefined) checkVerdicts(errors, request, old, true);
  },
  validateStatus: checkStatus,
  columns,
});
