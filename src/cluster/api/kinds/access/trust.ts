import { X509Certificate } from 'node:crypto';
import type { KubeObject } from '../../types.ts';
import type { V1beta1ClusterTrustBundle } from '../../generated/types.ts';
import { column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { type PemBlock, pemBlocks } from './pem.ts';
import { checkSignerName } from '../../validation/signer-name.ts';

const BUNDLE_BYTES_MAX = 1024 * 1024;
type Bundle = V1beta1ClusterTrustBundle & KubeObject;

function validate(errors: FieldErrors, { metadata, spec }: Bundle, old?: Bundle): void {
  const { signerName = '', trustBundle = '' } = spec ?? {};
  checkName(errors, metadata.name ?? '', signerName);
  if (signerName !== '') checkSignerName(errors, 'spec.signerName', signerName);
  if (trustBundle !== old?.spec.trustBundle) checkBundle(errors, 'spec.trustBundle', trustBundle);
  if (old !== undefined && signerName !== (old.spec.signerName ?? '')) errors.invalid('spec.signerName', signerName, 'field is immutable');
}

/** A bundle of a signer is named after it. */
function checkName(errors: FieldErrors, name: string, signerName: string): void {
  const field = 'metadata.name';
  if (signerName === '') {
    if (name.includes(':')) errors.invalid(field, name, 'ClusterTrustBundle without signer name must not have ":" in its name');
    else checkText(errors, field, name, dnsSubdomain);
    return;
  }
  const prefix = `${signerName.replaceAll('/', ':')}:`;
  if (!name.startsWith(prefix)) errors.invalid(field, name, `ClusterTrustBundle for signerName ${signerName} must be named with prefix ${prefix}`);
  else for (const why of dnsSubdomain(name.slice(prefix.length))) errors.invalid(field, name, why);
}

function checkBundle(errors: FieldErrors, field: string, text: string): void {
  if (Buffer.byteLength(text) > BUNDLE_BYTES_MAX) return errors.tooLong(field, BUNDLE_BYTES_MAX);
  const blocks = pemBlocks(text);
  const wrong = blocks.flatMap((block, index) => anchorProblem(block).map((why) => `entry ${index} ${why}`));
  for (const why of wrong) errors.invalid(field, '<value omitted>', why);
  if (wrong.length > 0) return;
  if (blocks.length === 0) errors.invalid(field, '<value omitted>', 'at least one trust anchor must be provided');
  const places = Map.groupBy(blocks.keys(), (index) => blocks[index]?.der.toString('hex'));
  for (const indices of places.values())
    if (indices.length > 1) errors.invalid(field, '<value omitted>', `duplicate trust anchor (indices [${indices.join(' ')}])`);
}

function anchorProblem({ type, hasHeaders, der }: PemBlock): readonly string[] {
  if (type !== 'CERTIFICATE') return [`has bad block type: ${type}`];
  if (hasHeaders) return ['has PEM block headers'];
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return ['does not parse as X.509'];
  }
  return certificate.ca ? [] : ['does not have the CA bit set'];
}

/** Whom the cluster's workloads may trust, by signer. */
export const CLUSTER_TRUST_BUNDLE = strategy<Bundle>({
  // The signer is part of it: with the other rules.
  validateName: () => {},
  validate,
  columns: [nameColumn, column<Bundle>('SignerName', ({ spec }) => spec.signerName || '<none>')],
});
