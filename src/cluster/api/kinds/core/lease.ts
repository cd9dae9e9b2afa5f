import type { V1Lease, V1alpha2LeaseCandidate, V1beta1LeaseCandidate } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { NEGATIVE_WORDS } from '../../validation/numbers.ts';
import { configKey } from '../../validation/pod-spec/formats.ts';
import { checkKept } from '../../validation/same.ts';
import { checkText, qualifiedName } from '../../validation/text-formats.ts';
import { strategy, type Strategy } from '../strategy.ts';

const OLDEST = 'OldestEmulationVersion';
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** How one of several is chosen. */
function checkStrategy(errors: FieldErrors, field: string, name: string): void {
  if (name.includes('/')) checkText(errors, field, name, qualifiedName);
  else if (name !== OLDEST) errors.notSupported(field, name, [OLDEST]);
}

function validateLease(errors: FieldErrors, { spec = {} }: V1Lease): void {
  const { leaseDurationSeconds, leaseTransitions, strategy: chosen, preferredHolder } = spec;
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
    errors.invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0');
  if (leaseTransitions !== undefined && leaseTransitions < 0) errors.invalid('spec.leaseTransitions', leaseTransitions, NEGATIVE_WORDS);
  if (chosen !== undefined) checkStrategy(errors, 'spec.strategy.strategy', chosen);
  if (preferredHolder && !chosen) errors.forbidden('spec.preferredHolder', 'may only be specified if `strategy` is defined');
}

export const LEASE = strategy<V1Lease>({
  validate: validateLease,
  columns: [nameColumn, column<V1Lease>('Holder', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn],
});

type Candidate = V1beta1LeaseCandidate | V1alpha2LeaseCandidate;

function validateCandidate(errors: FieldErrors, { spec }: Candidate, old?: Candidate): void {
  const { leaseName = '', binaryVersion = '', emulationVersion = '', strategy: chosen = '' } = spec ?? {};
  if (leaseName === '') errors.required('spec.leaseName');
  if (binaryVersion === '') errors.required('spec.binaryVersion');
  const read = (field: string, version: string) => {
    const match = VERSION.exec(version);
    if (version !== '' && match === null) errors.invalid(`spec.${field}`, version, 'must be a valid semantic version');
    return match?.slice(1, 4).map(Number) ?? [0, 0, 0];
  };
  const [emulated, binary] = [read('emulationVersion', emulationVersion), read('binaryVersion', binaryVersion)];
  const at = binary.findIndex((part, index) => part !== emulated[index]);
  if (binaryVersion !== '' && emulationVersion !== '' && at >= 0 && (binary[at] ?? 0) < (emulated[at] ?? 0))
    errors.invalid('spec.binaryVersion', binaryVersion, 'must be greater than or equal to `emulationVersion`');
  if (chosen === '') errors.required('spec.strategy');
  else {
    if (chosen === OLDEST && emulated.every((part) => part === 0))
      errors.required('spec.emulationVersion', "must be specified when `strategy` is 'OldestEmulationVersion'");
    checkStrategy(errors, 'spec.strategy.strategy', chosen);
  }
  if (old?.spec) checkKept(errors, 'spec.leaseName', leaseName, old.spec.leaseName);
}

/** For both of its versions. */
export const LEASE_CANDIDATE: Strategy = strategy<Candidate>({
  validateName: (errors, field, name) => checkText(errors, field, name, configKey),
  validate: validateCandidate,
  columns: [
    nameColumn,
    column<Candidate>('LeaseName', ({ spec }) => spec?.leaseName ?? ''),
    column<Candidate>('BinaryVersion', ({ spec }) => spec?.binaryVersion ?? ''),
    column<Candidate>('EmulationVersion', ({ spec }) => spec?.emulationVersion ?? ''),
    ageColumn,
  ],
});
