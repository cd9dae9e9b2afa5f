import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KubeObject, StatusError } from '#cluster/api';
import { ask, configMap, pod, startTestServer } from '../testkit/server.ts';

const inDefault = { namespace: 'default' };
const merge = 'application/merge-patch+json';
type Server = Awaited<ReturnType<typeof startTestServer>>;

const quota = (server: Server, name: string, spec: object) =>
  ask(server, 'create', 'resourcequotas', { ...inDefault, body: { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec } });
const create = (server: Server, resource: string, body: KubeObject) =>
  ask(server, 'create', resource, { ...inDefault, body }).then(
    () => 'made',
    (error: unknown) => (error instanceof StatusError ? error.message.replace(/^.*is forbidden: /, '') : String(error)),
  );

test('what ends, goes or changes gives its part back; who has ended counts as an object only', async () => {
  await using server = await startTestServer();
  await quota(server, 'q', { hard: { pods: '1', 'count/pods': '3', configmaps: '1' } });
  assert.equal(await create(server, 'pods', pod('a')), 'made');
  assert.equal(await create(server, 'pods', pod('b')), 'exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1');
  await ask(server, 'patch', 'pods', { ...inDefault, name: 'a', subresource: 'status', contentType: merge, body: { status: { phase: 'Succeeded' } } });
  assert.equal(await create(server, 'pods', pod('b')), 'made');
  await ask(server, 'delete', 'pods', { ...inDefault, name: 'b', body: { gracePeriodSeconds: 0 } });
  assert.equal(await create(server, 'pods', pod('c')), 'made');
  await ask(server, 'patch', 'pods', { ...inDefault, name: 'c', subresource: 'status', contentType: merge, body: { status: { phase: 'Failed' } } });
  assert.equal(await create(server, 'pods', pod('d')), 'made');
  assert.equal(
    await create(server, 'pods', pod('e')),
    'exceeded quota: q, requested: count/pods=1,pods=1, used: count/pods=3,pods=1, limited: count/pods=3,pods=1',
  );
  assert.equal(await create(server, 'configmaps', configMap('one')), 'made');
  assert.match(await create(server, 'configmaps', configMap('two')), /exceeded quota: q, requested: configmaps=1/);
  await ask(server, 'patch', 'resourcequotas', { ...inDefault, name: 'q', contentType: merge, body: { spec: { hard: { configmaps: '2' } } } });
  assert.equal(await create(server, 'configmaps', configMap('two')), 'made');
  await ask(server, 'delete', 'resourcequotas', { ...inDefault, name: 'q' });
  assert.equal(await create(server, 'configmaps', configMap('three')), 'made');
});

test('scopes choose which Pods count; ports of Services and claims have amounts of their own', async () => {
  await using server = await startTestServer();
  await quota(server, 'quick', { hard: { pods: '0' }, scopes: ['Terminating'] });
  await quota(server, 'plain', { hard: { pods: '0' }, scopes: ['BestEffort', 'NotTerminating'] });
  const modest = { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '1' } } }] };
  assert.match(await create(server, 'pods', pod('a')), /exceeded quota: plain/);
  assert.equal(await create(server, 'pods', pod('b', modest)), 'made');
  assert.match(await create(server, 'pods', pod('c', { ...modest, activeDeadlineSeconds: 5 })), /exceeded quota: quick/);
  await quota(server, 'ports', { hard: { 'services.nodeports': '1', 'requests.storage': '1Gi' } });
  const service = (name: string, ports: readonly number[]): KubeObject =>
    Object.assign(
      { apiVersion: 'v1', kind: 'Service', metadata: { name } },
      { spec: { type: 'NodePort', ports: ports.map((port) => ({ name: `p${port}`, port })) } },
    );
  assert.match(
    await create(server, 'services', service('two', [80, 81])),
    /requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1/,
  );
  assert.equal(await create(server, 'services', service('one', [80])), 'made');
  const claim = Object.assign(
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'big' } },
    { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } } },
  );
  assert.match(
    await create(server, 'persistentvolumeclaims', claim),
    /requested: requests.storage=2Gi, used: requests.storage=0, limited: requests.storage=1Gi/,
  );
});

test('a Pod whose resources change counts with the most of what it asks for, was granted and has; what may not be had is refused at once', async () => {
  await using server = await startTestServer();
  const sized = (cpu: string) => ({ containers: [{ name: 'main', image: 'x', resources: { requests: { cpu } } }] });
  const resize = (cpu: string) =>
    ask(server, 'patch', 'pods', { ...inDefault, name: 'a', subresource: 'resize', contentType: merge, body: { spec: sized(cpu) } }).then(
      () => 'made',
      (error: unknown) => (error instanceof StatusError ? error.message.replace(/^.*is forbidden: /, '') : String(error)),
    );
  const report = (has: string, granted: string, reason?: string) => {
    const known = { name: 'main', image: 'x', imageID: '', ready: true, restartCount: 0, resources: { requests: { cpu: has } } };
    const conditions = reason === undefined ? [] : [{ type: 'PodResizePending', status: 'True', reason }];
    const status = { conditions, containerStatuses: [{ ...known, allocatedResources: { cpu: granted } }] };
    return ask(server, 'patch', 'pods', { ...inDefault, name: 'a', subresource: 'status', contentType: merge, body: { status } });
  };
  await quota(server, 'q', { hard: { 'requests.cpu': '3' } });
  assert.equal(await create(server, 'pods', pod('a', sized('1'))), 'made');
  await report('1', '1');
  assert.equal(await resize('4'), 'exceeded quota: q, requested: requests.cpu=3, used: requests.cpu=1, limited: requests.cpu=3');
  assert.equal(await resize('2500m'), 'made');
  await report('2500m', '2500m');
  assert.equal(await resize('1'), 'made');
  assert.match(await create(server, 'pods', pod('b', sized('1'))), /used: requests.cpu=2500m/, 'it has it still');
  await report('1', '1');
  assert.equal(await create(server, 'pods', pod('b', sized('1'))), 'made');
  assert.equal(await resize('2'), 'made');
  assert.match(await create(server, 'pods', pod('c', sized('1'))), /used: requests.cpu=3/, 'what it asks for counts');
  await report('1', '1', 'Infeasible');
  assert.equal(await create(server, 'pods', pod('c', sized('1'))), 'made', 'what it never gets does not');
});

test('what a namespace has of bounds for containers holds for changed resources, too', async () => {
  await using server = await startTestServer();
  const main = (resources: object) => ({ containers: [{ name: 'main', image: 'x', resources }] });
  assert.equal(await create(server, 'pods', pod('a', main({ requests: { cpu: '1' }, limits: { cpu: '2' } }))), 'made');
  const limits = [{ type: 'Container', max: { cpu: '3' } }];
  await ask(server, 'create', 'limitranges', {
    ...inDefault,
    body: Object.assign(configMap('range'), { kind: 'LimitRange', data: undefined, spec: { limits } }),
  });
  const resize = (cpu: string) =>
    ask(server, 'patch', 'pods', { ...inDefault, name: 'a', subresource: 'resize', contentType: merge, body: { spec: main({ limits: { cpu } }) } });
  await assert.rejects(resize('4'), /maximum cpu usage per Container is 3, but limit is 4/);
  await resize('3');
});
