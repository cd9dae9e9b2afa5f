import type { V1PersistentVolumeClaim, V1StorageClass } from '#cluster/api';
import { collectionPrefix } from '../../cache/keys.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const MARKS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

/** Claims that name no class get the default one: the newest of those that are marked so, then by name. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  handles: ({ operation, served, subresource }) => operation === 'CREATE' && subresource === undefined && isResource(served, '', 'persistentvolumeclaims'),
  mutate({ cache }, { object }) {
    // Decoded as a claim.
    const { spec, metadata } = object as V1PersistentVolumeClaim;
    if (spec === undefined || spec.storageClassName !== undefined || metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] !== undefined) return;
    const collection = cache.collection(collectionPrefix({ group: 'storage.k8s.io', resource: 'storageclasses' }));
    const [chosen] = collection
      .keys('')
      // What stands under a class's key was decoded as one.
      .map((key) => collection.get(key) as V1StorageClass)
      .filter((one) => MARKS.some((mark) => one.metadata.annotations?.[mark] === 'true'))
      .toSorted((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''));
    if (chosen?.metadata.name !== undefined) spec.storageClassName = chosen.metadata.name;
  },
};
