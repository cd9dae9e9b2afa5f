import type {
  V1ClusterTrustBundleProjection,
  V1DownwardAPIVolumeFile,
  V1KeyToPath,
  V1PodCertificateProjection,
  V1ProjectedVolumeSource,
  V1ServiceAccountTokenProjection,
  V1VolumeProjection,
} from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkLabelSelector } from '../selector-rules.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../text-formats.ts';
import { checkFieldRef, checkResourceFieldRef } from './environment.ts';
import { checkFileMode, checkOwnPath } from './formats.ts';
import { checkSignerName, isKubernetesSigner } from '../signer-name.ts';

const FILE_FIELDS = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
const KEY_TYPES = ['RSA3072', 'RSA4096', 'ECDSAP256', 'ECDSAP384', 'ECDSAP521', 'ED25519'];
const TOKEN_MIN_S = 600;
const TOKEN_MAX_S = 2 ** 32;
const CERTIFICATE_MIN_S = 3600;
const CERTIFICATE_MAX_S = 91 * 24 * 3600;
const OWN_CERTIFICATE_MAX_S = 24 * 3600;

/** Which keys are which files. */
export function checkKeyPaths(errors: FieldErrors, path: string, items: readonly V1KeyToPath[] = []): void {
  for (const [index, { key, path: file = '', mode }] of items.entries()) {
    const here = `${path}[${index}]`;
    if (!key) errors.required(`${here}.key`);
    if (!file) errors.required(`${here}.path`);
    checkOwnPath(errors, `${here}.path`, file);
    checkFileMode(errors, `${here}.mode`, mode);
  }
}

/** A file that tells of the Pod. Its words name the volume, not the entry: so Kubernetes says it. */
export function checkDownwardFile(errors: FieldErrors, path: string, { path: file = '', fieldRef, resourceFieldRef, mode }: V1DownwardAPIVolumeFile): void {
  if (file === '') errors.required(`${path}.path`);
  checkOwnPath(errors, `${path}.path`, file);
  if (fieldRef !== undefined) {
    checkFieldRef(errors, `${path}.fieldRef`, fieldRef, FILE_FIELDS);
    if (resourceFieldRef !== undefined) errors.invalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
  } else if (resourceFieldRef !== undefined) checkResourceFieldRef(errors, `${path}.resourceFieldRef`, resourceFieldRef, true);
  else errors.required(path, 'one of fieldRef and resourceFieldRef is required');
  checkFileMode(errors, `${path}.mode`, mode);
}

/** Several sources in one folder, no two of them in one file. */
export function checkProjected(errors: FieldErrors, path: string, { sources = [] }: V1ProjectedVolumeSource): void {
  const files = new Set<string>();
  const take = (file: string, shown: string) => {
    if (files.has(file)) errors.invalid(path, shown, 'conflicting duplicate paths');
    files.add(file);
  };
  for (const [index, source] of sources.entries()) {
    const here = `${path}.sources[${index}]`;
    checkProjection(errors, path, here, source, take);
    if (Object.values(source).filter((part) => part !== undefined).length > 1) errors.forbidden(here, 'may not specify more than 1 volume type per source');
  }
}

type Take = (file: string, shown: string) => void;

function checkProjection(errors: FieldErrors, path: string, here: string, source: V1VolumeProjection, take: Take): void {
  for (const kind of ['secret', 'configMap'] as const) {
    const part = source[kind];
    if (part === undefined) continue;
    if (!part.name) errors.required(`${here}.${kind}.name`);
    checkKeyPaths(errors, `${here}.${kind}.items`, part.items);
    for (const { path: file } of part.items ?? []) if (file) take(file, part.name ?? '');
  }
  for (const file of source.downwardAPI?.items ?? []) {
    checkDownwardFile(errors, `${here}.downwardAPI`, file);
    if (file.path) take(file.path, file.path);
  }
  if (source.serviceAccountToken) checkToken(errors, path, `${here}.serviceAccountToken`, source.serviceAccountToken);
  if (source.clusterTrustBundle) {
    checkTrustBundle(errors, `${here}.clusterTrustBundle`, source.clusterTrustBundle);
    take(source.clusterTrustBundle.path ?? '', source.clusterTrustBundle.path ?? '');
  }
  if (source.podCertificate) checkCertificate(errors, `${here}.podCertificate`, source.podCertificate, take);
}

function checkToken(errors: FieldErrors, path: string, here: string, token: V1ServiceAccountTokenProjection): void {
  const { expirationSeconds: lifetime_s = CERTIFICATE_MIN_S, path: file } = token;
  if (lifetime_s < TOKEN_MIN_S) errors.invalid(`${here}.expirationSeconds`, lifetime_s, 'may not specify a duration less than 10 minutes');
  if (lifetime_s > TOKEN_MAX_S) errors.invalid(`${here}.expirationSeconds`, lifetime_s, 'may not specify a duration larger than 2^32 seconds');
  if (!file) errors.required(`${path}.path`);
  else checkOwnPath(errors, `${path}.path`, file);
}

function checkTrustBundle(errors: FieldErrors, path: string, bundle: V1ClusterTrustBundleProjection): void {
  const { name, signerName, labelSelector, path: file = '' } = bundle;
  if (name !== undefined && signerName !== undefined) errors.invalid(path, bundle, 'only one of name and signerName may be used');
  else if (name !== undefined) {
    if (name === '') errors.required(`${path}.name`, 'must be a valid object name');
    // A bundle of a signer is called by it: `example.com:signer:name`.
    const own = name.slice(name.lastIndexOf(':') + 1);
    for (const why of dnsSubdomain(own)) errors.invalid(`${path}.name`, name, `not a valid clustertrustbundlename: ${why}`);
    if (labelSelector !== undefined) errors.invalid(`${path}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified');
  } else if (signerName !== undefined) {
    if (signerName === '') errors.required(`${path}.signerName`, 'must be a valid signer name');
    checkSignerName(errors, `${path}.signerName`, signerName);
    checkLabelSelector(errors, `${path}.labelSelector`, labelSelector);
  } else errors.required(path, 'either name or signerName must be specified');
  if (file === '') errors.required(`${path}.path`);
  checkOwnPath(errors, `${path}.path`, file);
}

function checkCertificate(errors: FieldErrors, path: string, certificate: V1PodCertificateProjection, take: Take): void {
  const { signerName = '', keyType = '', maxExpirationSeconds, userAnnotations = {} } = certificate;
  checkSignerName(errors, `${path}.signerName`, signerName);
  for (const key of Object.keys(userAnnotations).map((name) => name.toLowerCase())) {
    checkText(errors, `${path}.userAnnotations`, key, qualifiedName);
    if (qualifiedName(key).length === 0 && !key.includes('/'))
      errors.invalid(`${path}.userAnnotations`, key, 'must be a domain-prefixed key (such as "acme.io/foo")');
  }
  if (!KEY_TYPES.includes(keyType)) errors.notSupported(`${path}.keyType`, keyType, KEY_TYPES);
  if (maxExpirationSeconds !== undefined) {
    const most = isKubernetesSigner(signerName) ? OWN_CERTIFICATE_MAX_S : CERTIFICATE_MAX_S;
    const wrong = (why: string) => errors.invalid(`${path}.maxExpirationSeconds`, maxExpirationSeconds, `if provided, maxExpirationSeconds must be ${why}`);
    if (maxExpirationSeconds < CERTIFICATE_MIN_S) wrong(`>= ${CERTIFICATE_MIN_S}`);
    if (maxExpirationSeconds > most) wrong(`<= ${most}`);
  }
  const files = (['credentialBundlePath', 'keyPath', 'certificateChainPath'] as const).filter((field) => certificate[field]);
  for (const field of files) {
    const file = certificate[field] ?? '';
    checkOwnPath(errors, `${path}.${field}`, file);
    take(file, file);
  }
  if (files.length === 0) errors.required(path, 'specify at least one of credentialBundlePath, keyPath, and certificateChainPath');
}
