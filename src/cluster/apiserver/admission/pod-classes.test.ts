import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject, V1Pod } from '#cluster/api';
import type { ApiServer } from '../index.ts';
import { ask, askObject, pod, startTestServer } from '../testkit/server.ts';

const inDefault = { namespace: 'default' };
async function make(server: ApiServer, group: string, resource: string, body: object, namespace?: string): Promise<void> {
  const call = { resource: { group, version: 'v1', resource }, body: body as KubeObject, ...(namespace === undefined ? {} : { namespace }) };
  await askObject(server, 'create', resource, call);
}
const spec = (name: string, more: object): KubeObject => {
  const made = pod(name) as V1Pod;
  return { ...made, spec: { ...made.spec, ...more } } as KubeObject;
};

test("a Pod gets its RuntimeClass's overhead and nodes, and may say nothing else", async () => {
  await using server = await startTestServer();
  await make(server, 'node.k8s.io', 'runtimeclasses', {
    apiVersion: 'node.k8s.io/v1',
    kind: 'RuntimeClass',
    metadata: { name: 'box' },
    handler: 'h',
    overhead: { podFixed: { cpu: '10m' } },
    scheduling: { nodeSelector: { a: 'b' }, tolerations: [{ key: 'k', operator: 'Exists' }] },
  });
  const create = (more: object) => askObject<V1Pod>(server, 'create', 'pods', { ...inDefault, body: spec('p', more), query: { dryRun: 'All' } });
  const made = await create({ runtimeClassName: 'box', nodeSelector: { x: 'y' } });
  assert.deepEqual(made.spec?.overhead, { cpu: '10m' });
  assert.deepEqual(made.spec?.nodeSelector, { x: 'y', a: 'b' });
  assert.ok(made.spec?.tolerations?.some(({ key }) => key === 'k'));
  const cases: readonly (readonly [object, string])[] = [
    [{ runtimeClassName: 'none' }, 'pod rejected: RuntimeClass "none" not found'],
    [{ overhead: { cpu: '1' } }, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'],
    [{ runtimeClassName: 'box', overhead: { cpu: '20m' } }, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"],
    [{ runtimeClassName: 'box', nodeSelector: { a: 'c' } }, 'conflict: runtimeClass.scheduling.nodeSelector[a] = b; pod.spec.nodeSelector[a] = c'],
  ];
  for (const [more, why] of cases) await assert.rejects(create(more), { status: 403, message: `pods "p" is forbidden: ${why}` });
});

test('the class of service is that of what a LimitRange added, and no empty map is', async () => {
  await using server = await startTestServer();
  const body = { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'l' }, spec: { limits: [{ type: 'Container', min: { cpu: '100m' } }] } };
  await make(server, '', 'limitranges', body, 'default');
  const made = await askObject<V1Pod>(server, 'create', 'pods', { ...inDefault, body: pod('p') });
  assert.deepEqual([made.status?.qosClass, made.spec?.containers[0]?.resources], ['Burstable', { requests: { cpu: '100m' } }]);
});

test('a claim grows only where its class lets it', async () => {
  await using server = await startTestServer();
  const storage = (name: string, more: object) =>
    make(server, 'storage.k8s.io', 'storageclasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name }, provisioner: 'x', ...more });
  await storage('grows', { allowVolumeExpansion: true });
  await storage('stays', {});
  const claims = { ...inDefault, contentType: 'application/merge-patch+json' };
  const grow = async (name: string) => {
    const resources = { requests: { storage: '1Gi' } };
    const claim = { accessModes: ['ReadWriteOnce'], resources, storageClassName: name, volumeName: 'v' };
    await make(server, '', 'persistentvolumeclaims', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: claim }, 'default');
    const status = { phase: 'Bound', capacity: { storage: '1Gi' } };
    await ask(server, 'patch', 'persistentvolumeclaims', { ...claims, name, subresource: 'status', body: { status } });
    await ask(server, 'patch', 'persistentvolumeclaims', { ...claims, name, body: { spec: { resources: { requests: { storage: '2Gi' } } } } });
  };
  await grow('grows');
  await assert.rejects(grow('stays'), { status: 403, message: /only dynamically provisioned pvc can be resized/ });
});

test('a Pod that waits at a gate, or that the Binding does not name, is not bound', async () => {
  await using server = await startTestServer();
  await ask(server, 'create', 'pods', { ...inDefault, body: spec('gated', { schedulingGates: [{ name: 'a.b/c' }] }) });
  const bind = (name: string, target: object) =>
    ask(server, 'create', 'pods', { ...inDefault, name: 'gated', subresource: 'binding', body: { metadata: { name }, target } });
  await assert.rejects(bind('gated', { kind: 'Node', name: 'n' }), {
    status: 409,
    message: /pods\/binding "gated": pod gated has non-empty \.spec\.schedulingGates/,
  });
  await assert.rejects(bind('other', { kind: 'Node', name: 'n' }), { status: 400, message: 'name in URL does not match name in Binding object' });
  await assert.rejects(bind('gated', {}), { status: 500, message: 'target.name: Required value' });
});

test('what is not ready goes where the budget lets it', async () => {
  await using server = await startTestServer();
  const budget = (name: string, unhealthyPodEvictionPolicy: string) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name },
    spec: { minAvailable: 1, unhealthyPodEvictionPolicy, selector: { matchLabels: { app: name } } },
  });
  const evict = async (name: string, policy: string) => {
    await make(server, 'policy', 'poddisruptionbudgets', budget(name, policy), 'default');
    const made = pod(name);
    await ask(server, 'create', 'pods', { ...inDefault, body: { ...made, metadata: { name, labels: { app: name } } } });
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };
    const body = { status };
    await ask(server, 'patch', 'pods', { ...inDefault, name, subresource: 'status', contentType: 'application/merge-patch+json', body });
    await ask(server, 'create', 'pods', { ...inDefault, name, subresource: 'eviction', body: { metadata: { name } } as KubeObject });
  };
  await evict('always', 'AlwaysAllow');
  await assert.rejects(evict('healthy', 'IfHealthyBudget'), { status: 429 });
});
