import { isDeepStrictEqual } from 'node:util';
import { forbidden, type V1Node, type V1Pod } from '#cluster/api';
import { nodeOfUser } from '../../auth/node/node-authorizer.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../types.ts';

const MIRROR = 'kubernetes.io/config.mirror';

/** Labels below it say what a node is trusted with: others give them. */
const RESTRICTED = /(?:^|\.)node-restriction\.kubernetes\.io\//;

/** What a node's agent makes is its own: its Node, and mirrors of Pods that it was told of elsewhere. What else it may change the authorizer judges. */
export const nodeRestriction: AdmissionPlugin = {
  name: 'NodeRestriction',
  handles: ({ operation, served, user, subresource }) => {
    if (operation === 'DELETE' || nodeOfUser(user) === undefined) return false;
    if (isResource(served, '', 'nodes')) return true;
    const makes = isResource(served, '', 'pods') || isResource(served, '', 'services') || isResource(served, 'coordination.k8s.io', 'leases');
    return operation === 'CREATE' && subresource === undefined && makes;
  },
  validate(_context, request) {
    const { served, user, name, namespace } = request;
    const node = nodeOfUser(user) ?? '';
    if (isResource(served, '', 'nodes')) return checkNode(node, request);
    if (isResource(served, '', 'pods')) return checkMirror(node, request);
    if (isResource(served, '', 'services')) {
      // By that one the cluster's DNS is known, which every node serves.
      if (name !== 'kube-dns' || namespace !== 'kube-system')
        throw forbidden(served.info, name, `node "${node}" can only create the service kube-system/kube-dns`);
      return;
    }
    if (name !== node || namespace !== 'kube-node-lease') throw forbidden(served.info, name, `node "${node}" can only access its own lease`);
  },
};

function checkNode(node: string, { served, name, object, old }: AdmissionRequest): void {
  const refuse = (why: string): never => {
    throw forbidden(served.info, name, `node "${node}" is not allowed to ${why}`);
  };
  if (name !== node) refuse(`modify node "${name}"`);
  // Decoded as Nodes, both of them.
  const [after, before] = [object as V1Node, old as V1Node | undefined];
  if (before !== undefined && !isDeepStrictEqual(after.spec?.taints ?? [], before.spec?.taints ?? [])) refuse('modify taints');
  const [now, then] = [after.metadata.labels ?? {}, before?.metadata.labels ?? {}];
  const changed = [...new Set([...Object.keys(now), ...Object.keys(then)])].filter((key) => RESTRICTED.test(key) && now[key] !== then[key]);
  if (changed.length > 0) refuse(`modify labels: ${changed.toSorted().join(', ')}`);
}

function checkMirror(node: string, { served, name, object }: AdmissionRequest): void {
  const refuse = (why: string): never => {
    throw forbidden(served.info, name, why);
  };
  // Decoded as a Pod.
  const pod = object as V1Pod;
  if (pod.metadata.annotations?.[MIRROR] === undefined) refuse(`pod does not have "${MIRROR}" annotation, node "${node}" can only create mirror pods`);
  if (pod.spec?.nodeName !== node) refuse(`node "${node}" can only create pods with spec.nodeName set to itself`);
  if (pod.spec?.serviceAccountName) refuse(`node "${node}" can not create pods that reference a service account`);
}
