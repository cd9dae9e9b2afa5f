import type { V1beta1LeaseCandidate } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

type Candidate = V1beta1LeaseCandidate;
const OLDEST = 'OldestEmulationVersion';
const KEY =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** A version as semver.org writes it: its three numbers, and whether something follows. Undefined where it is none. */
function parseVersion(text: string): readonly number[] | undefined {
  const match = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3]), match[4] === undefined ? 1 : 0];
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((number, index) => number !== other[index]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}

function validate(errors: FieldErrors, { spec }: Candidate, old?: Candidate): void {
  const { leaseName = '', emulationVersion = '', binaryVersion = '', strategy: how = '' } = spec ?? {};
  if (leaseName === '') errors.required('spec.leaseName');
  const [emulated, binary] = [parseVersion(emulationVersion), parseVersion(binaryVersion)];
  if (emulationVersion !== '' && emulated === undefined) errors.invalid('spec.emulationVersion', emulationVersion, 'must be a valid semantic version');
  if (binaryVersion === '') errors.required('spec.binaryVersion');
  else if (binary === undefined) errors.invalid('spec.binaryVersion', binaryVersion, 'must be a valid semantic version');
  if (binary !== undefined && emulated !== undefined && isBefore(binary, emulated))
    errors.invalid('spec.binaryVersion', binaryVersion, 'must be greater than or equal to `emulationVersion`');
  if (how === '') errors.required('spec.strategy');
  else if (how === OLDEST) {
    if (emulated === undefined) errors.required('spec.emulationVersion', `must be specified when \`strategy\` is '${OLDEST}'`);
  } else if (how.includes('/')) checkText(errors, 'spec.strategy.strategy', how, qualifiedName);
  else errors.notSupported('spec.strategy.strategy', how, [OLDEST]);
  if (old !== undefined && leaseName !== old.spec?.leaseName) errors.invalid('spec.leaseName', leaseName, 'field is immutable');
}

/** Who would lead, were it asked to. */
export const LEASE_CANDIDATE = strategy<Candidate>({
  validateName: (errors, field, name) => checkText(errors, field, name, (text) => (/^[-._a-zA-Z0-9]+$/.test(text) ? [] : [KEY])),
  validate,
  columns: [
    nameColumn,
    column<Candidate>('LeaseName', ({ spec }) => spec?.leaseName ?? ''),
    column<Candidate>('BinaryVersion', ({ spec }) => spec?.binaryVersion ?? ''),
    column<Candidate>('EmulationVersion', ({ spec }) => spec?.emulationVersion ?? ''),
    ageColumn,
  ],
});
