import type { V1PersistentVolumeClaim, V1PersistentVolumeClaimSpec, V1TypedLocalObjectReference } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { checkClaimSpec, claimWarnings } from '../../validation/claim-spec.ts';
import { strategy } from '../strategy.ts';
import { checkClaimStatus, checkClaimUpdate } from './claim-updates.ts';
import { CLASS_ANNOTATION, modesText } from './persistent-volume.ts';

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
  warnings: ({ metadata, spec }) => [
    ...(metadata.annotations?.[CLASS_ANNOTATION] === undefined
      ? []
      : [`metadata.annotations[${CLASS_ANNOTATION}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...claimWarnings('spec', spec),
  ],
  columns,
});
