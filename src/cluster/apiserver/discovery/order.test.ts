import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder } from './order.ts';

// As a kube-apiserver 1.36 shows them.
test('groups stand as clients look through them, resources by their names, groups of users last', () => {
  const row = (group: string, resource: string) => ({
    group,
    resource,
    version: 'v1',
    kind: 'X',
    singular: 'x',
    namespaced: true,
    verbs: [],
    shortNames: [],
    categories: [],
    subresources: [],
  });
  const given = [
    row('zoo.example', 'a'),
    row('events.k8s.io', 'events'),
    row('apps', 'replicasets'),
    row('', 'pods'),
    row('apps', 'deployments'),
    row('', 'bindings'),
  ];
  assert.deepEqual(
    inOrder(given).map(({ group, resource }) => `${group}/${resource}`),
    ['/bindings', '/pods', 'apps/deployments', 'apps/replicasets', 'events.k8s.io/events', 'zoo.example/a'],
  );
});
