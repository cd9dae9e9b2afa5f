import { defaultNetworkVolume } from '../../defaults/volumes.ts';
import type { V1PersistentVolumeSpec } from '../../generated/types.ts';

/** The defaults of where a volume lies. Changes `spec`. */
export function defaultVolumeSource(spec: V1PersistentVolumeSpec): void {
  if (spec.hostPath) spec.hostPath.type ??= '';
  defaultNetworkVolume(spec);
}
