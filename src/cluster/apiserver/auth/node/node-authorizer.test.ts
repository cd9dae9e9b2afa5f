import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { V1Pod } from '#cluster/api';
import type { ResourceAttributes } from '../attributes.ts';
import { bootstrapPolicy } from '../rbac/bootstrap-policy.ts';
import { decideForNode, type NodePods, nodeOfUser } from './node-authorizer.ts';

const pod: V1Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    nodeName: 'n1',
    serviceAccountName: 'seller',
    containers: [
      {
        name: 'main',
        image: 'x',
        env: [{ name: 'K', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }],
        envFrom: [{ configMapRef: { name: 'settings' } }],
      },
    ],
    volumes: [{ name: 'v', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'ca' } }] } }],
  },
};
const pods: NodePods = {
  on: (node) => (node === 'n1' ? [pod] : []),
  isOn: (node, namespace, name) => node === 'n1' && namespace === 'shop' && name === 'web',
};
const rules = bootstrapPolicy().roles.find(({ metadata }) => metadata.name === 'system:node')?.rules ?? [];

test('a node may what its own Pods need', () => {
  const check = (node: string, verb: string, resource: string, name: string | undefined, expected: boolean, more: Partial<ResourceAttributes> = {}) => {
    const asked = { verb, group: '', resource, namespace: 'shop', ...(name === undefined ? {} : { name }), ...more };
    assert.equal(decideForNode(node, rules, pods, asked).allowed, expected, JSON.stringify(asked));
  };
  for (const [resource, name] of [
    ['secrets', 'key'],
    ['secrets', 'projected'],
    ['configmaps', 'settings'],
    ['configmaps', 'ca'],
    ['pods', 'web'],
  ] as const) {
    check('n1', 'get', resource, name, true);
    check('n2', 'get', resource, name, false);
    check('n1', 'get', resource, name, false, { namespace: 'bank' });
  }
  check('n1', 'get', 'secrets', 'other', false);
  check('n1', 'list', 'secrets', undefined, false);
  check('n1', 'update', 'secrets', 'key', false);
  check('n1', 'create', 'serviceaccounts', 'seller', true, { subresource: 'token' });
  check('n1', 'create', 'serviceaccounts', 'default', false, { subresource: 'token' });
  check('n1', 'patch', 'pods', 'web', true, { subresource: 'status' });
  check('n2', 'patch', 'pods', 'web', false, { subresource: 'status' });
  check('n1', 'list', 'pods', undefined, false);
  check('n1', 'watch', 'pods', undefined, true, { fieldSelector: 'spec.nodeName=n1' });
  check('n1', 'watch', 'pods', undefined, false, { fieldSelector: 'spec.nodeName=n2' });
  check('n1', 'patch', 'nodes', 'n1', true, { subresource: 'status' });
  check('n1', 'patch', 'nodes', 'n2', false, { subresource: 'status' });
  check('n1', 'update', 'leases', 'n1', true, { group: 'coordination.k8s.io', namespace: 'kube-node-lease' });
  check('n1', 'update', 'leases', 'n2', false, { group: 'coordination.k8s.io', namespace: 'kube-node-lease' });
  check('n1', 'list', 'services', undefined, true);
  check('n1', 'create', 'deployments', undefined, false, { group: 'apps' });
});

test('only members of system:nodes are nodes', () => {
  assert.equal(nodeOfUser({ name: 'system:node:n1', groups: ['system:nodes'] }), 'n1');
  assert.equal(nodeOfUser({ name: 'system:node:n1', groups: [] }), undefined);
  assert.equal(nodeOfUser({ name: 'n1', groups: ['system:nodes'] }), undefined);
});
