import { isDeepStrictEqual } from 'node:util';
import type { V1PersistentVolume, V1PersistentVolumeSpec } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import { checkAccessModes, VOLUME_MODES } from '../../validation/claim-spec.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { amountOf, changedLines } from './changes.ts';
import { checkNodeSelector } from '../../validation/pod-spec/affinity.ts';
import { defaultVolumeSource } from './volume-defaults.ts';
import { checkVolumeSource, SOURCE_FIELDS } from './volume-sources.ts';

const POLICIES = ['Delete', 'Recycle', 'Retain'];
/** A class of the time before the field. */
export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';
const IMMUTABLE = 'field is immutable';

/** A volume as an object of its own, or (`inline`) inside an attachment. */
export function checkVolumeSpec(errors: FieldErrors, path: string, spec: V1PersistentVolumeSpec, name: string, inline = false): void {
  if (inline) checkInline(errors, path, spec);
  checkAccessModes(errors, `${path}.accessModes`, spec.accessModes);
  if (!inline) checkOwn(errors, path, spec);
  checkVolumeSource(errors, path, spec, name);
  const isRoot = spec.hostPath?.path !== undefined && /^\/[/.]*$/.test(spec.hostPath.path);
  if (isRoot && spec.persistentVolumeReclaimPolicy === 'Recycle')
    errors.forbidden(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'");
  const attributes = spec.volumeAttributesClassName;
  if (attributes === undefined || inline) return;
  const field = `${path}.volumeAttributesClassName`;
  if (attributes === '') errors.required(field, 'an empty string is disallowed');
  else checkText(errors, field, attributes, dnsSubdomain);
  if (spec.csi === undefined) errors.required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName');
}

function checkOwn(errors: FieldErrors, path: string, spec: V1PersistentVolumeSpec): void {
  const { capacity = {} } = spec;
  const field = `${path}.capacity`;
  if (Object.keys(capacity).length === 0) errors.required(field);
  if (capacity.storage === undefined || Object.keys(capacity).length > 1) errors.notSupported(field, capacity, ['storage']);
  for (const [resource, amount] of Object.entries(capacity)) {
    if (amountOf(amount) < 0n) errors.invalid(`${field}[${resource}]`, Number(amountOf(amount) / 1000n), 'must be a valid resource quantity');
    if (amountOf(amount) <= 0n) errors.invalid(`${field}[${resource}]`, amount, 'must be greater than zero');
  }
  checkChoice(errors, `${path}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, POLICIES, false);
  if (spec.nodeAffinity?.required !== undefined) checkNodeSelector(errors, `${path}.nodeAffinity.required`, spec.nodeAffinity.required);
  else if (spec.nodeAffinity !== undefined) errors.required(`${path}.nodeAffinity.required`, 'must specify required node constraints');
  if (spec.storageClassName) checkText(errors, `${path}.storageClassName`, spec.storageClassName, dnsSubdomain);
  checkChoice(errors, `${path}.volumeMode`, spec.volumeMode, VOLUME_MODES, false);
}

function checkInline(errors: FieldErrors, path: string, spec: V1PersistentVolumeSpec): void {
  const words = 'in the context of inline volumes';
  for (const field of ['claimRef', 'capacity', 'nodeAffinity', 'storageClassName'] as const)
    if (spec[field] !== undefined && spec[field] !== '') errors.forbidden(`${path}.${field}`, `may not be specified ${words}`);
  if (spec.csi === undefined) errors.required(`${path}.csi`, `has to be specified ${words}`);
  if (spec.persistentVolumeReclaimPolicy && spec.persistentVolumeReclaimPolicy !== 'Retain')
    errors.forbidden(`${path}.persistentVolumeReclaimPolicy`, `may only be Retain ${words}`);
  if (spec.volumeMode !== undefined && spec.volumeMode !== 'Filesystem')
    errors.forbidden(`${path}.volumeMode`, `may not specify volumeMode other than Filesystem ${words}`);
}

function validate(errors: FieldErrors, { metadata, spec = {} }: V1PersistentVolume, old?: V1PersistentVolume): void {
  checkVolumeSpec(errors, 'spec', spec, metadata.name ?? '');
  if (old?.spec === undefined) return;
  const before = sourceOf(old.spec);
  const after = sourceOf(spec);
  // A volume that could not be expanded by a secret may come to be.
  if (before.csi && after.csi && before.csi.controllerExpandSecretRef === undefined) {
    const { controllerExpandSecretRef: _, ...csi } = after.csi;
    after.csi = csi;
  }
  if (!isDeepStrictEqual(before, after))
    errors.forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${changedLines(before, after)}`);
  if (spec.volumeMode !== old.spec.volumeMode) errors.invalid('volumeMode', spec.volumeMode ?? null, IMMUTABLE);
  if (old.spec.nodeAffinity !== undefined && !isDeepStrictEqual(renamedTopology(spec.nodeAffinity), renamedTopology(old.spec.nodeAffinity)))
    errors.invalid('nodeAffinity', spec.nodeAffinity ?? null, `${IMMUTABLE}, except for updating from beta label to GA`);
  if (old.spec.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined)
    errors.forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden');
}

function sourceOf(spec: V1PersistentVolumeSpec): V1PersistentVolumeSpec {
  return Object.fromEntries(SOURCE_FIELDS.flatMap((field) => (spec[field] === undefined ? [] : [[field, spec[field]]])));
}

const RENAMED: Readonly<Record<string, string>> = {
  'failure-domain.beta.kubernetes.io/zone': 'topology.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region': 'topology.kubernetes.io/region',
  'beta.kubernetes.io/os': 'kubernetes.io/os',
  'beta.kubernetes.io/arch': 'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type': 'node.kubernetes.io/instance-type',
};

/** The affinity with the labels of now for those of then. */
function renamedTopology(affinity: V1PersistentVolumeSpec['nodeAffinity']): unknown {
  return affinity?.required?.nodeSelectorTerms.map(({ matchExpressions, ...term }) => ({
    ...term,
    matchExpressions: matchExpressions?.map((one) => ({ ...one, key: RENAMED[one.key] ?? one.key })),
  }));
}

/** RWO, ROX, … in the order in which Kubernetes says them. */
export function modesText(modes: readonly string[] = []): string {
  const words = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
  return Object.entries(words)
    .flatMap(([mode, word]) => (modes.includes(mode) ? [word] : []))
    .join(',');
}

const columns: readonly Column[] = [
  nameColumn,
  column<V1PersistentVolume>('Capacity', ({ spec }) => spec?.capacity?.storage ?? '0'),
  column<V1PersistentVolume>('Access Modes', ({ spec }) => modesText(spec?.accessModes)),
  column<V1PersistentVolume>('Reclaim Policy', ({ spec }) => spec?.persistentVolumeReclaimPolicy ?? ''),
  column<V1PersistentVolume>('Status', ({ metadata, status }) => (metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? ''))),
  column<V1PersistentVolume>('Claim', ({ spec }) => (spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : '')),
  column<V1PersistentVolume>('StorageClass', ({ metadata, spec }) => metadata.annotations?.[CLASS_ANNOTATION] ?? spec?.storageClassName ?? ''),
  column<V1PersistentVolume>('VolumeAttributesClass', ({ spec }) => spec?.volumeAttributesClassName ?? '<unset>'),
  column<V1PersistentVolume>('Reason', ({ status }) => status?.reason ?? ''),
  ageColumn,
  column<V1PersistentVolume>('VolumeMode', ({ spec }) => spec?.volumeMode ?? '<unset>', 1),
];

export const PERSISTENT_VOLUME = strategy<V1PersistentVolume>({
  setDefaults: ({ spec }) => {
    if (spec === undefined) return;
    spec.persistentVolumeReclaimPolicy ||= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    defaultVolumeSource(spec);
  },
  prepareCreate: (volume) => {
    const { creationTimestamp } = volume.metadata;
    volume.status = { phase: 'Pending', ...(creationTimestamp === undefined ? {} : { lastPhaseTransitionTime: creationTimestamp }) };
  },
  validate,
  columns,
});
