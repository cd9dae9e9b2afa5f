import { forbidden, type V1Pod } from '#cluster/api';
import { nodeOfUser } from '../../auth/node/node-authorizer.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const MIRROR = 'kubernetes.io/config.mirror';

/** What a node's agent makes is its own: its Node, and mirrors of Pods that it was told of elsewhere. What it changes the authorizer judges. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ operation, served, user, subresource }) =>
    operation === 'CREATE' &&
    subresource === undefined &&
    nodeOfUser(user) !== undefined &&
    (isResource(served, '', 'nodes') || isResource(served, '', 'pods') || isResource(served, 'coordination.k8s.io', 'leases')),
  validate(_context, { served, object, user, name, namespace }) {
    const node = nodeOfUser(user) ?? '';
    if (isResource(served, '', 'nodes')) {
      if (name !== node) throw forbidden(served.info, name, `node "${node}" is not allowed to modify node "${name}"`);
      return;
    }
    if (isResource(served, 'coordination.k8s.io', 'leases')) {
      if (name !== node || namespace !== 'kube-node-lease') throw forbidden(served.info, name, `node "${node}" can only access its own lease`);
      return;
    }
    // Decoded as a Pod.
    const pod = object as V1Pod;
    if (pod.metadata.annotations?.[MIRROR] === undefined)
      throw forbidden(served.info, name, `pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`);
    if (pod.spec?.nodeName !== node) throw forbidden(served.info, name, `node "${node}" can only create pods with spec.nodeName set to itself`);
    if (pod.spec.serviceAccountName) throw forbidden(served.info, name, `node "${node}" can not create pods that reference a service account`);
  },
};
