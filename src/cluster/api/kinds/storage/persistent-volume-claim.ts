import { isDeepStrictEqual } from 'node:util';
import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec, V1TypedLocalObjectReference, V1TypedObjectReference } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { amountOf } from './changes.ts';
import { checkClaimStatus, checkClaimUpdate } from './claim-updates.ts';
import { checkAccessModes, CLASS_ANNOTATION, modesText, VOLUME_MODES } from './persistent-volume.ts';

/** What a claim asks for, as an object of its own or as a template. */
export function checkClaimSpec(errors: FieldErrors, path: string, spec: V1PersistentVolumeClaimSpec): void {
  checkAccessModes(errors, `${path}.accessModes`, spec.accessModes, 'at least 1 access mode is required');
  if (spec.selector !== undefined) checkLabelSelector(errors, `${path}.selector`, spec.selector);
  checkSize(errors, `${path}.resources[storage]`, spec.resources?.requests?.storage);
  if (spec.storageClassName) checkText(errors, `${path}.storageClassName`, spec.storageClassName, dnsSubdomain);
  checkChoice(errors, `${path}.volumeMode`, spec.volumeMode, VOLUME_MODES, false);
  checkSources(errors, path, spec);
  if (spec.volumeAttributesClassName) checkText(errors, `${path}.volumeAttributesClassName`, spec.volumeAttributesClassName, dnsSubdomain);
}

function checkSize(errors: FieldErrors, field: string, size: string | undefined): void {
  if (size === undefined) return errors.required(field);
  if (amountOf(size) <= 0n) errors.invalid(field, size, 'must be greater than zero');
  else if (amountOf(size) % 1000n !== 0n) errors.invalid(field, size, 'must be an integer');
}

function checkSources(errors: FieldErrors, path: string, { dataSource, dataSourceRef }: V1PersistentVolumeClaimSpec): void {
  if (dataSource !== undefined) checkSource(errors, `${path}.dataSource`, dataSource);
  if (dataSourceRef !== undefined) checkSource(errors, `${path}.dataSourceRef`, dataSourceRef);
  if (dataSourceRef?.namespace) {
    checkText(errors, `${path}.dataSourceRef.namespace`, dataSourceRef.namespace, dnsLabel);
    if (dataSource !== undefined) errors.invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified');
  } else if (dataSource !== undefined && dataSourceRef !== undefined && !isDeepStrictEqual({ ...dataSource }, { ...dataSourceRef }))
    errors.invalid(path, `${path}.dataSource`, 'must match dataSourceRef');
}

function checkSource(errors: FieldErrors, path: string, { apiGroup = '', kind, name }: V1TypedLocalObjectReference | V1TypedObjectReference): void {
  if (!name) errors.required(`${path}.name`);
  if (!kind) errors.required(`${path}.kind`);
  if (apiGroup !== '') checkText(errors, `${path}.apiGroup`, apiGroup, dnsSubdomain);
  else if (kind !== 'PersistentVolumeClaim') errors.invalid(path, kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
}

const isClaimOrSnapshot = ({ apiGroup = '', kind }: V1TypedLocalObjectReference) =>
  (apiGroup === '' && kind === 'PersistentVolumeClaim') || (apiGroup === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot');

/** The two fields that name where the content comes from say the same; the older one takes claims and snapshots alone. */
function settleSources(spec: V1PersistentVolumeClaimSpec, old?: V1PersistentVolumeClaimSpec): V1PersistentVolumeClaimSpec {
  const settled = { ...spec };
  // Across namespaces is a feature that is off.
  if (settled.dataSourceRef?.namespace && !old?.dataSourceRef?.namespace) delete settled.dataSourceRef;
  const wasInUse = old?.dataSource !== undefined || old?.dataSourceRef !== undefined;
  if (!wasInUse && settled.dataSource !== undefined && !isClaimOrSnapshot(settled.dataSource)) delete settled.dataSource;
  const { dataSource, dataSourceRef } = settled;
  if (dataSource !== undefined && dataSourceRef === undefined) settled.dataSourceRef = { ...dataSource };
  else if (dataSourceRef !== undefined && dataSource === undefined && !dataSourceRef.namespace && isClaimOrSnapshot(dataSourceRef))
    settled.dataSource = { ...dataSourceRef };
  return settled;
}

const isBound = ({ spec }: V1PersistentVolumeClaim) => Boolean(spec?.volumeName);
const columns: readonly Column[] = [
  nameColumn,
  column<V1PersistentVolumeClaim>('Status', ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''))),
  column<V1PersistentVolumeClaim>('Volume', ({ spec }) => spec?.volumeName ?? ''),
  column<V1PersistentVolumeClaim>('Capacity', (claim) => (isBound(claim) ? (claim.status?.capacity?.storage ?? '0') : '')),
  column<V1PersistentVolumeClaim>('Access Modes', (claim) => (isBound(claim) ? modesText(claim.status?.accessModes) : '')),
  column<V1PersistentVolumeClaim>('StorageClass', ({ metadata, spec }) => metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? ''),
  column<V1PersistentVolumeClaim>('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
  ageColumn,
  column<V1PersistentVolumeClaim>('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>', 1),
];

export const PERSISTENT_VOLUME_CLAIM = strategy<V1PersistentVolumeClaim>({
  setDefaults: ({ spec }) => {
    if (spec) spec.volumeMode ??= 'Filesystem';
  },
  prepareCreate: (claim) => {
    claim.status = { phase: 'Pending' };
    if (claim.spec) claim.spec = settleSources(claim.spec);
  },
  prepareUpdate: (claim, old) => {
    if (claim.spec) claim.spec = settleSources(claim.spec, old.spec);
  },
  validate: (errors, claim, old) => {
    checkClaimSpec(errors, 'spec', claim.spec ?? {});
    if (old !== undefined) checkClaimUpdate(errors, claim, old);
  },
  validateStatus: checkClaimStatus,
  columns,
});
