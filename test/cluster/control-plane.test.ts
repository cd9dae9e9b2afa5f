import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  CoreV1Event,
  V1Deployment,
  V1Endpoints,
  V1EndpointSlice,
  V1Namespace,
  V1Node,
  V1Pod,
  V1ReplicaSet,
  V1Service,
  V1ServiceAccount,
  V2HorizontalPodAutoscaler,
} from '#cluster/api';
import {
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  ENDPOINTS,
  EVENTS,
  HORIZONTAL_POD_AUTOSCALERS,
  isStatus,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#cluster/client';
import { systemClock } from '#kit';
import { deployment, rolledOut, startControlPlane } from './control-plane.ts';

const ready = (pods: readonly V1Pod[]) =>
  pods.filter(({ metadata, status }) => !metadata.deletionTimestamp && status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));

test('a Deployment comes up, rolls, scales, is undone and goes with all it owns', async (context) => {
  await using plane = await startControlPlane();
  const { client } = plane;
  const deployments = client.resource<V1Deployment>(DEPLOYMENTS);
  const began = performance.now();
  await deployments.create(deployment('web', 3, 'app:1'));
  await plane.until<V1Pod>(PODS, (pods) => ready(pods).length === 3, 'three ready Pods');
  const took_ms = performance.now() - began;
  assert.ok(took_ms < 1000, `three Pods took ${took_ms} ms`);
  context.diagnostic(`three Pods ready after ${took_ms.toFixed(0)} ms`);
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 3), 'first rollout');

  let least = 3;
  await deployments.patch('web', 'default', 'strategic', { spec: { template: { spec: { containers: [{ name: 'main', image: 'app:2' }] } } } });
  await plane.until<V1Deployment>(
    DEPLOYMENTS,
    (all) => {
      least = Math.min(least, all[0]?.status?.availableReplicas ?? 0);
      return rolledOut('app:2', 3)(all);
    },
    'second rollout',
  );
  assert.equal(least, 3, 'at every moment three were available');
  const { items } = await client.resource<V1ReplicaSet>(REPLICA_SETS).list({ namespace: 'default' });
  assert.deepEqual(items.map(({ spec }) => spec?.replicas).sort(), [0, 3]);
  assert.equal((await deployments.get('web', 'default')).metadata.annotations?.['deployment.kubernetes.io/revision'], '2');

  // kubectl rollout undo puts the old template in place.
  const old = items.find(({ spec }) => spec?.replicas === 0);
  const { 'pod-template-hash': _hash, ...labels } = old?.spec?.template?.metadata?.labels ?? {};
  const template = { ...old?.spec?.template, metadata: { labels } };
  await deployments.patch('web', 'default', 'json', [{ op: 'replace', path: '/spec/template', value: template }]);
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 3), 'undo');
  const back = await client.resource<V1ReplicaSet>(REPLICA_SETS).list({ namespace: 'default' });
  assert.equal(back.items.length, 2, 'the old ReplicaSet is used again');
  assert.equal((await deployments.get('web', 'default')).metadata.annotations?.['deployment.kubernetes.io/revision'], '3');

  await deployments.patch('web', 'default', 'merge', { spec: { replicas: 6 } });
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 6), 'scaled up');
  const { items: pods } = await client.resource<V1Pod>(PODS).list({ namespace: 'default' });
  assert.equal(pods.length, 6, 'never more than asked for');
  const events = (await client.resource<CoreV1Event>(EVENTS).list({ namespace: 'default' })).items.map(({ message }) => message);
  assert.ok(
    events.some((message) => /^Scaled up replica set web-\w+ from 0 to 3$/.test(message ?? '')),
    events.join('\n'),
  );

  await deployments.delete('web', 'default', { propagationPolicy: 'Background' });
  await plane.until<V1Pod>(PODS, (all) => all.length === 0, 'no Pods');
  await plane.until(REPLICA_SETS, (all) => all.length === 0, 'no ReplicaSets');
});

test('foreground deletion goes from the leaves up; orphans stay', async () => {
  await using plane = await startControlPlane();
  const deployments = plane.client.resource<V1Deployment>(DEPLOYMENTS);
  await deployments.create(deployment('one', 2, 'app:1'));
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 2), 'rollout');
  await deployments.delete('one', 'default', { propagationPolicy: 'Foreground' });
  await plane.until(DEPLOYMENTS, (all) => all.length === 0, 'Deployment gone');
  assert.equal((await plane.client.resource(REPLICA_SETS).list()).items.length, 0);
  assert.equal((await plane.client.resource(PODS).list()).items.length, 0);

  await deployments.create(deployment('two', 2, 'app:1'));
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 2), 'rollout');
  await deployments.delete('two', 'default', { propagationPolicy: 'Orphan' });
  await plane.until(DEPLOYMENTS, (all) => all.length === 0, 'Deployment gone');
  const sets = await plane.until<V1ReplicaSet>(REPLICA_SETS, (all) => all.every(({ metadata }) => !metadata.ownerReferences?.length), 'orphaned');
  assert.equal(sets.length, 1);
  await deployments.create(deployment('two', 2, 'app:1'));
  await plane.until<V1ReplicaSet>(REPLICA_SETS, (all) => all.length === 1 && all[0]?.metadata.ownerReferences?.[0]?.kind === 'Deployment', 'adopted again');
});

test('a rollout that fails keeps the old Pods; one that recreates ends them first', async () => {
  await using plane = await startControlPlane();
  const deployments = plane.client.resource<V1Deployment>(DEPLOYMENTS);
  await deployments.create(deployment('web', 4, 'app:1', { progressDeadlineSeconds: 1 }));
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 4), 'rollout');
  await deployments.patch('web', 'default', 'strategic', { spec: { template: { spec: { containers: [{ name: 'main', image: 'broken:1' }] } } } });
  await plane.until<V1Deployment>(
    DEPLOYMENTS,
    ([one]) => one?.status?.conditions?.some(({ reason }) => reason === 'ProgressDeadlineExceeded') === true,
    'late',
  );
  const [late] = (await deployments.list()).items;
  assert.equal(late?.status?.availableReplicas, 3);
  assert.equal(late?.status?.updatedReplicas, 2);
  await deployments.patch('web', 'default', 'merge', { spec: { strategy: { type: 'Recreate', rollingUpdate: null } } });
  await deployments.patch('web', 'default', 'strategic', { spec: { template: { spec: { containers: [{ name: 'main', image: 'app:3' }] } } } });
  await plane.until(DEPLOYMENTS, rolledOut('app:3', 4), 'recreated');
});

test('a Service follows its Pods: ready ones are in, one that was told to end is out at once', async () => {
  await using plane = await startControlPlane({ rootCa: 'PEM' });
  const { client } = plane;
  const service: V1Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'web' }] },
  };
  await client.resource<V1Service>(SERVICES).create(service);
  await client.resource<V1Deployment>(DEPLOYMENTS).create(deployment('web', 3, 'app:1'));
  const readyEndpoints = (slices: readonly V1EndpointSlice[]) =>
    slices
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web')
      .flatMap(({ endpoints = [] }) => endpoints.filter(({ conditions }) => conditions?.ready));
  const slices = await plane.until<V1EndpointSlice>(ENDPOINT_SLICES, (all) => readyEndpoints(all).length === 3, 'three endpoints');
  assert.deepEqual(
    slices.find(({ endpoints }) => endpoints?.length === 3)?.ports?.map(({ port }) => port),
    [80],
  );
  await plane.until<V1Endpoints>(ENDPOINTS, (all) => all.find(({ metadata }) => metadata.name === 'web')?.subsets?.[0]?.addresses?.length === 3, 'Endpoints');
  const [pod] = (await client.resource<V1Pod>(PODS).list({ namespace: 'default' })).items;
  await client.resource<V1Pod>(PODS).delete(pod?.metadata.name ?? '', 'default');
  await plane.until<V1EndpointSlice>(
    ENDPOINT_SLICES,
    (all) => !readyEndpoints(all).some(({ targetRef }) => targetRef?.name === pod?.metadata.name) && readyEndpoints(all).length === 3,
    'replaced',
  );
  await client.resource<V1Service>(SERVICES).delete('web', 'default');
  await plane.until<V1EndpointSlice>(
    ENDPOINT_SLICES,
    (all) => readyEndpoints(all).length === 0 && !all.some(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web'),
    'slices gone',
  );
});

test('namespaces get an account, and go with their content', async () => {
  await using plane = await startControlPlane({ rootCa: 'PEM' });
  const { client } = plane;
  await client.resource<V1Namespace>(NAMESPACES).create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'team' } });
  await plane.until<V1ServiceAccount>(SERVICE_ACCOUNTS, (all) => all.some(({ metadata }) => metadata.namespace === 'team'), 'account');
  const web = deployment('web', 2, 'app:1');
  await client.resource<V1Deployment>(DEPLOYMENTS).create({ ...web, metadata: { name: 'web', namespace: 'team' } });
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 2), 'rollout');
  await client.resource<V1Namespace>(NAMESPACES).delete('team');
  await plane.until<V1Namespace>(NAMESPACES, (all) => !all.some(({ metadata }) => metadata.name === 'team'), 'namespace gone');
  assert.equal((await client.resource(PODS).list()).items.length, 0);
});

test('the autoscaler follows the load up to its limit and down again', async () => {
  await using plane = await startControlPlane({ autoscalerPeriod_ms: 100 });
  const { client } = plane;
  await client.resource<V1Deployment>(DEPLOYMENTS).create(deployment('web', 3, 'app:1'));
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 3), 'rollout');
  const autoscaler: V2HorizontalPodAutoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 3,
      maxReplicas: 5,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
      behavior: {
        scaleDown: { stabilizationWindowSeconds: 0, policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }] },
        scaleUp: { policies: [{ type: 'Pods', value: 4, periodSeconds: 1 }] },
      },
    },
  };
  plane.usage_millicores = 100;
  await client.resource<V2HorizontalPodAutoscaler>(HORIZONTAL_POD_AUTOSCALERS).create(autoscaler);
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 5), 'five');
  await plane.until<V2HorizontalPodAutoscaler>(
    HORIZONTAL_POD_AUTOSCALERS,
    ([one]) => one?.status?.conditions?.some(({ reason }) => reason === 'TooManyReplicas') === true,
    'said so',
  );
  plane.usage_millicores = 5;
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 3), 'three again');
});

test('a Pod without a place says why, and gets one when there is room', async () => {
  await using plane = await startControlPlane();
  const { client } = plane;
  const pods = client.resource<V1Pod>(PODS);
  const big = (name: string): V1Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '3' } } }] },
  });
  await pods.create(big('a'));
  await plane.until<V1Pod>(PODS, (all) => ready(all).length === 1, 'one runs');
  await pods.create(big('b'));
  const parked = await plane.until<V1Pod>(
    PODS,
    (all) => all.some(({ status }) => status?.conditions?.some(({ reason }) => reason === 'Unschedulable')),
    'told',
  );
  assert.equal(
    parked.find(({ metadata }) => metadata.name === 'b')?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message,
    '0/1 nodes are available: 1 Insufficient cpu.',
  );
  await pods.delete('a', 'default');
  await plane.until<V1Pod>(PODS, (all) => ready(all).some(({ metadata }) => metadata.name === 'b'), 'placed');
});

test('a silent node is tainted and its Pods leave', async () => {
  await using plane = await startControlPlane({ nodeGrace_ms: 300 });
  const { client } = plane;
  await client.resource<V1Pod>(PODS).create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'x' }],
      tolerations: [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }],
    },
  });
  await plane.until<V1Pod>(PODS, (all) => ready(all).length === 1, 'runs');
  await plane.until<V1Node>(NODES, ([node]) => node?.spec?.taints?.length === 2, 'tainted');
  await plane.until<V1Pod>(PODS, (all) => all.length === 0, 'evicted');
});

test('a conflict is told as Kubernetes tells it', async () => {
  await using plane = await startControlPlane();
  const deployments = plane.client.resource<V1Deployment>(DEPLOYMENTS);
  await deployments.create(deployment('web', 0, 'app:1'));
  await assert.rejects(deployments.create(deployment('web', 0, 'app:1')), (error) => isStatus(error, 'AlreadyExists'));
  await assert.rejects(deployments.get('none', 'default'), (error) => isStatus(error, 'NotFound'));
});

test('at rest nothing is written', async () => {
  await using plane = await startControlPlane({ rootCa: 'PEM' });
  const deployments = plane.client.resource<V1Deployment>(DEPLOYMENTS);
  await deployments.create(deployment('web', 3, 'app:1'));
  await plane.client
    .resource<V1Service>(SERVICES)
    .create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await plane.until(DEPLOYMENTS, rolledOut('app:1', 3), 'rollout');
  const revision = async () => (await deployments.list()).metadata.resourceVersion;
  // There is no event for nothing happening: the first wait lets the last writes come, the second sees that none do.
  await systemClock.sleep(300);
  const before = await revision();
  await systemClock.sleep(700);
  assert.equal(await revision(), before);
});
