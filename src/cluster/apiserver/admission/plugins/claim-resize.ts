import { forbidden, parseQuantity, type V1PersistentVolumeClaim, type V1StorageClass } from '#cluster/api';
import { objectKey } from '../../cache/keys.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const CLAIMS = { group: '', resource: 'persistentvolumeclaims' };
const CLASSES = { group: 'storage.k8s.io', resource: 'storageclasses' };

/** A claim grows only where it is bound, and its class lets it. */
export const claimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  handles: ({ operation, served, subresource }) => operation === 'UPDATE' && subresource === undefined && isResource(served, '', CLAIMS.resource),
  validate({ cache }, { object, old, name }) {
    // Decoded as claims, both of them.
    const [now, before] = [object, old].map((one) => sizeOf(one as V1PersistentVolumeClaim));
    if (now === undefined || before === undefined || now <= before) return;
    const { status, spec } = old as V1PersistentVolumeClaim;
    if (status?.phase !== 'Bound') throw forbidden(CLAIMS, name, 'Only bound persistent volume claims can be expanded');
    const key = objectKey(CLASSES, undefined, spec?.storageClassName ?? '');
    // What stands under a class's key was decoded as one.
    const found = cache.get(key) as V1StorageClass | undefined;
    if (found?.allowVolumeExpansion !== true)
      throw forbidden(CLAIMS, name, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize');
  },
};

function sizeOf({ spec }: V1PersistentVolumeClaim): bigint | undefined {
  const text = spec?.resources?.requests?.storage;
  return text === undefined ? undefined : parseQuantity(text);
}
