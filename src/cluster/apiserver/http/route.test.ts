import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePath } from './route.ts';

const core = (resource: string) => ({ group: '', version: 'v1', resource });
const apps = (resource: string) => ({ group: 'apps', version: 'v1', resource });

test('paths name what Kubernetes names by them', () => {
  const check = (path: string, expected: object) => assert.deepEqual(parsePath(path), expected, path);
  check('/api', { kind: 'legacy-versions' });
  check('/apis', { kind: 'groups' });
  check('/apis/apps', { kind: 'group', group: 'apps' });
  check('/api/v1', { kind: 'group-version', group: '', version: 'v1' });
  check('/apis/apps/v1/deployments', { kind: 'resource', resource: apps('deployments') });
  check('/apis/apps/v1/namespaces/n/deployments/d/scale', { kind: 'resource', resource: apps('deployments'), namespace: 'n', name: 'd', subresource: 'scale' });
  check('/api/v1/namespaces', { kind: 'resource', resource: core('namespaces') });
  check('/api/v1/namespaces/n', { kind: 'resource', resource: core('namespaces'), name: 'n' });
  check('/api/v1/namespaces/n/finalize', { kind: 'resource', resource: core('namespaces'), name: 'n', subresource: 'finalize' });
  check('/api/v1/namespaces/n/pods', { kind: 'resource', resource: core('pods'), namespace: 'n' });
  check('/api/v1/namespaces/n/pods/p/proxy/a/b', { kind: 'resource', resource: core('pods'), namespace: 'n', name: 'p', subresource: 'proxy', rest: 'a/b' });
  check('/api/v1/watch/namespaces/n/pods/p', { kind: 'resource', resource: core('pods'), namespace: 'n', name: 'p', watch: true });
  check('/apis/apps/v1/watch/deployments', { kind: 'resource', resource: apps('deployments'), watch: true });
  check('/healthz', { kind: 'other' });
});
