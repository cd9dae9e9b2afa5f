import { forbidden, type KubeObject, notFound } from '#cluster/api';
import { objectKey } from '../../cache/keys.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public']);

/** New objects need a namespace that is there and stays; those that every cluster has stay. */
export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',
  handles: ({ operation, served, subresource }) =>
    subresource === undefined && ((operation === 'CREATE' && served.info.namespaced) || (operation === 'DELETE' && isResource(served, '', 'namespaces'))),
  mutate({ cache }, { operation, served, namespace = '', name }) {
    if (operation === 'DELETE') {
      if (IMMORTAL.has(name)) throw forbidden(NAMESPACES, name, 'this namespace may not be deleted');
      return;
    }
    const found: KubeObject | undefined = cache.get(objectKey(NAMESPACES, undefined, namespace));
    if (!found) throw notFound(NAMESPACES, namespace);
    if (found.metadata.deletionTimestamp !== undefined)
      throw forbidden(served.info, name, `unable to create new content in namespace ${namespace} because it is being terminated`, [
        { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' },
      ]);
  },
};
