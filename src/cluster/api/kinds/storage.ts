import { STORAGE_CLASS, VOLUME_ATTRIBUTES_CLASS } from './storage/classes.ts';
import { CSI_DRIVER, CSI_NODE, CSI_STORAGE_CAPACITY } from './storage/csi.ts';
import { PERSISTENT_VOLUME_CLAIM } from './storage/persistent-volume-claim.ts';
import { PERSISTENT_VOLUME } from './storage/persistent-volume.ts';
import { VOLUME_ATTACHMENT } from './storage/volume-attachment.ts';
import type { Strategy } from './strategy.ts';

/** Volumes, who asks for them, and what makes them. */
export const STORAGE: Readonly<Record<string, Strategy>> = {
  V1PersistentVolume: PERSISTENT_VOLUME,
  V1PersistentVolumeClaim: PERSISTENT_VOLUME_CLAIM,
  V1StorageClass: STORAGE_CLASS,
  V1VolumeAttributesClass: VOLUME_ATTRIBUTES_CLASS,
  V1beta1VolumeAttributesClass: VOLUME_ATTRIBUTES_CLASS,
  V1CSIDriver: CSI_DRIVER,
  V1CSINode: CSI_NODE,
  V1CSIStorageCapacity: CSI_STORAGE_CAPACITY,
  V1VolumeAttachment: VOLUME_ATTACHMENT,
};
