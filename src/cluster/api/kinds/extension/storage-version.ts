import { isDeepStrictEqual } from 'node:util';
import type { V1alpha1ServerStorageVersion, V1alpha1StorageVersion, V1beta1StorageVersionMigration, V1Condition } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../../validation/text-formats.ts';
import { shortList } from '../network/endpoints.ts';
import { checkConditions } from '../../validation/conditions.ts';
import { strategy } from '../strategy.ts';

const LABEL = '[a-z]([-a-z0-9]*[a-z0-9])?';
const LABEL_WORDS = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${LABEL}')`;
const labelProblems = (text: string): readonly string[] => (new RegExp(`^${LABEL}$`).test(text) ? [] : [LABEL_WORDS]);

function checkName(errors: FieldErrors, field: string, name: string): void {
  const dot = name.lastIndexOf('.');
  if (dot < 0) return errors.invalid(field, name, 'name must be in the form of <group>.<resource>');
  for (const why of dnsSubdomain(name.slice(0, dot))) errors.invalid(field, name, `the group segment ${why}`);
  for (const why of labelProblems(name.slice(dot + 1))) errors.invalid(field, name, `the resource segment ${why}`);
}

function checkStatus(errors: FieldErrors, { status = {} }: V1alpha1StorageVersion): void {
  const { storageVersions = [], commonEncodingVersion: common, conditions = [] } = status;
  const ids = storageVersions.map(({ apiServerID }) => apiServerID);
  for (const [index, version] of storageVersions.entries()) {
    const path = `status.storageVersions[${index}]`;
    if (ids.indexOf(version.apiServerID) < index) errors.duplicate(`${path}.apiServerID`, version.apiServerID);
    checkServer(errors, path, version);
  }
  const encodings = new Set(storageVersions.map(({ encodingVersion }) => encodingVersion));
  const actual = encodings.size === 1 ? [...encodings][0] : undefined;
  const field = 'status.commonEncodingVersion';
  if (actual === undefined && common !== undefined)
    errors.invalid(
      field,
      common,
      'should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet',
    );
  else if (actual !== undefined && common === undefined) errors.invalid(field, null, `the common encoding version is ${actual}`);
  else if (actual !== common) errors.invalid(field, common, `the actual common encoding version is ${actual}`);
  // Kubernetes' own paths leave the name of the list out.
  for (const [index, { type, status: state, reason, message }] of conditions.entries()) {
    const first = conditions.findIndex((one) => one.type === type);
    if (first < index) errors.invalid(`status[${index}].type`, type, `the type of the condition is not unique, it also appears in conditions[${first}]`);
    checkText(errors, `status[${index}].type`, type ?? '', qualifiedName);
    checkText(errors, `status[${index}].status`, state ?? '', qualifiedName);
    if (!reason) errors.required(`status[${index}].reason`);
    if (!message) errors.required(`status[${index}].message`);
  }
}

function checkServer(errors: FieldErrors, path: string, version: V1alpha1ServerStorageVersion): void {
  const { apiServerID = '', encodingVersion = '', decodableVersions = [], servedVersions = [] } = version;
  checkText(errors, `${path}.apiServerID`, apiServerID, dnsSubdomain);
  checkVersion(errors, `${path}.encodingVersion`, encodingVersion);
  for (const [index, one] of decodableVersions.entries()) checkVersion(errors, `${path}.decodableVersions[${index}]`, one);
  if (!decodableVersions.includes(encodingVersion))
    errors.invalid(`${path}.decodableVersions`, decodableVersions, `decodableVersions must include encodingVersion ${encodingVersion}`);
  for (const [index, one] of servedVersions.entries()) {
    checkVersion(errors, `${path}.servedVersions[${index}]`, one);
    if (!decodableVersions.includes(one))
      errors.invalid(
        `${path}.servedVersions[${index}]`,
        one,
        `individual served version : ${one} must be included in decodableVersions : [${decodableVersions.join(' ')}]`,
      );
  }
}

function checkVersion(errors: FieldErrors, field: string, text: string): void {
  const parts = text.split('/');
  const [group, version = ''] = parts.length === 1 ? [undefined, parts[0]] : parts;
  const problems =
    parts.length > 2
      ? [`an apiVersion is ${LABEL_WORDS} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')`]
      : [
          ...(group === undefined ? [] : group === '' ? ['group part: must be non-empty'] : dnsSubdomain(group).map((why) => `group part: ${why}`)),
          ...(version === '' ? ['version part: must be non-empty'] : labelProblems(version).map((why) => `version part: ${why}`)),
        ];
  if (problems.length > 0) errors.invalid(field, text, problems.join(','));
}

/** In which versions the servers of a cluster store a resource. */
export const STORAGE_VERSION = strategy<V1alpha1StorageVersion>({
  prepareCreate: (version) => {
    version.status = {};
  },
  validateName: checkName,
  validateStatus: checkStatus,
  columns: [
    nameColumn,
    column<V1alpha1StorageVersion>('CommonEncodingVersion', ({ status }) => status?.commonEncodingVersion ?? '<unset>'),
    column<V1alpha1StorageVersion>('StorageVersions', ({ status }) =>
      shortList((status?.storageVersions ?? []).map(({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`)),
    ),
    ageColumn,
  ],
});

type Migration = V1beta1StorageVersionMigration;

function checkMigration(errors: FieldErrors, { spec }: Migration, old?: Migration): void {
  const { group, resource } = spec?.resource ?? { group: '', resource: '' };
  if (!resource) errors.required('spec.resource.resource', 'resource is required to be set');
  else for (const why of labelProblems(resource)) errors.invalid('spec.resource.resource', resource, why);
  if (group && dnsSubdomain(group).length > 0) errors.invalid('spec.resource.group', group, dnsSubdomain(group).join(','));
  if (old !== undefined && !isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', spec ?? null, 'field is immutable');
}

const isTrue = (conditions: readonly V1Condition[], type: string) => conditions.some((one) => one.type === type && one.status === 'True');

function checkMigrationStatus(errors: FieldErrors, { status = {} }: Migration, old: Migration): void {
  const { conditions = [], resourceVersion } = status;
  const before = old.status ?? {};
  const field = 'status.conditions';
  if (resourceVersion && !/^[1-9]\d*$/.test(resourceVersion))
    errors.invalid('status.resourceVersion', resourceVersion, `resource version is not well formed: ${resourceVersion}`);
  checkConditions(errors, field, conditions);
  if (before.resourceVersion && before.resourceVersion !== resourceVersion)
    errors.invalid('status.resourceVersion', resourceVersion ?? '', 'field is immutable');
  if (isTrue(conditions, 'Succeeded') && isTrue(conditions, 'Failed'))
    errors.invalid(field, conditions, 'Both success and failed conditions cannot be true at the same time');
  if (isTrue(before.conditions ?? [], 'Succeeded') && !isTrue(conditions, 'Succeeded'))
    errors.invalid(field, conditions, 'Success condition cannot be set to false once it is true');
  if (isTrue(before.conditions ?? [], 'Failed') && !isTrue(conditions, 'Failed'))
    errors.invalid(field, conditions, 'Failed condition cannot be set to false once it is true');
}

/** A wish that objects be written once more in the version of now. */
export const STORAGE_VERSION_MIGRATION = strategy<Migration>({
  validate: checkMigration,
  validateStatus: checkMigrationStatus,
  warnings: (_, old) =>
    old === undefined ? ['the migration is stored, but nothing carries it out yet: objects are shown in the version asked for anyway'] : [],
  columns: [
    { ...nameColumn, format: '' },
    column<Migration>('Resource', ({ spec }) => [spec?.resource.resource, spec?.resource.group].filter(Boolean).join('.')),
    column<Migration>('Status', ({ status }) => {
      const done = (status?.conditions ?? []).filter(({ type, status: state }) => state === 'True' && ['Running', 'Failed', 'Succeeded'].includes(type));
      return done.at(-1)?.type ?? 'Unknown';
    }),
  ],
});
