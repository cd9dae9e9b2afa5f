import type { V1ObjectFieldSelector, V1PersistentVolumeSpec, V1ResourceFieldSelector, V1Volume } from '../generated/types.ts';
import { defaultPullPolicy } from './image-policy.ts';

const FILE_MODE = 0o644;
const TOKEN_LIFETIME_S = 3600;

interface FieldFile {
  fieldRef?: V1ObjectFieldSelector;
  resourceFieldRef?: V1ResourceFieldSelector;
}

/** The defaults of a volume; one that says nothing is an empty folder. Changes it. */
export function defaultVolume(volume: V1Volume): void {
  if (Object.entries(volume).every(([key, source]) => key === 'name' || source === undefined)) volume.emptyDir = {};
  for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected]) if (source) source.defaultMode ??= FILE_MODE;
  if (volume.downwardAPI) defaultFiles(volume.downwardAPI.items);
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.image) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference ?? '');
  for (const { serviceAccountToken, downwardAPI } of volume.projected?.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= TOKEN_LIFETIME_S;
    defaultFiles(downwardAPI?.items);
  }
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim) claim.metadata ??= {};
  if (claim?.spec) claim.spec.volumeMode ??= 'Filesystem';
  defaultNetworkVolume(volume);
}

function defaultFiles(files: readonly FieldFile[] = []): void {
  for (const { fieldRef, resourceFieldRef } of files) {
    if (fieldRef) fieldRef.apiVersion ||= 'v1';
    if (resourceFieldRef) resourceFieldRef.divisor ??= '0';
  }
}

/** The sources that a Pod's volume and a volume of the cluster have alike. */
type NetworkSources =
  | Partial<Pick<V1PersistentVolumeSpec, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>>
  | Pick<V1Volume, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'>;

/** The defaults of storage that lies elsewhere. Changes it. */
export function defaultNetworkVolume({ iscsi, rbd, azureDisk, scaleIO }: NetworkSources): void {
  if (iscsi) iscsi.iscsiInterface ||= 'default';
  if (rbd) {
    rbd.pool ||= 'rbd';
    rbd.user ||= 'admin';
    rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (azureDisk) {
    azureDisk.cachingMode ??= 'ReadWrite';
    azureDisk.fsType ??= 'ext4';
    azureDisk.kind ??= 'Shared';
    azureDisk.readOnly ??= false;
  }
  if (scaleIO) {
    scaleIO.storageMode ||= 'ThinProvisioned';
    scaleIO.fsType ||= 'xfs';
  }
}
