import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createApiServer } from '#cluster/apiserver';
import type { KubeObject, V1Deployment, V1Pod, V1Service } from '#cluster/api';
import { type ClusterClient, createInformer, DEPLOYMENTS, inProcessClient, PODS, SERVICES } from '#cluster/client';
import { createControllers } from '#cluster/controllers';
import { createServiceProxy, createServiceState } from '#cluster/network';
import { createNodeAgent, openMachine } from '#cluster/node';
import { createScheduler } from '#cluster/scheduler';
import { openMemoryStore } from '#cluster/store';
import { silentLogger as logger, systemClock as clock, systemRandom as random } from '#kit';
import type { Network, ServiceRule } from '#network';
import { TestingRuntime, testingPodNetwork } from '../../src/cluster/node/testing-runtime.ts';

const LABELS = { app: 'web' };

/** Says of every process that is told to stop whether a rule still leads to it. */
class WatchedRuntime extends TestingRuntime {
  rules: readonly ServiceRule[] = [];
  readonly stoppedInService: string[] = [];
  addressOf: (podUid: string) => string | undefined = () => undefined;

  override async stopContainer(id: string, grace_seconds: number): Promise<void> {
    const run = (await this.listContainers()).find((one) => one.id === id);
    const address = this.addressOf(run?.podUid ?? '');
    if (this.rules.some(({ backends }) => backends.some((backend) => backend.address === address))) this.stoppedInService.push(String(address));
    await super.stopContainer(id, grace_seconds);
  }
}

test('a whole cluster rolls a Deployment: no process is told to stop while its Service leads to it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'gantry-agent-'));
  const store = await openMemoryStore();
  const server = await createApiServer({
    store,
    clock,
    random,
    logger,
    serviceCidr: '10.96.0.0/16',
    nodes: (name) => (name === 'node-a' ? agent.connection : undefined),
    version: 'v1.36.0',
  });
  const client = inProcessClient(server.handler, { name: 'admin', groups: ['system:masters'] });
  const shared = { client, clock, random, logger };
  const runtime = new WatchedRuntime(clock);
  const wires = testingPodNetwork();
  runtime.addressOf = (uid) => wires.pods.get(uid);
  const setServices = async (rules: readonly ServiceRule[]) => {
    await clock.sleep(5);
    runtime.rules = rules;
  };
  const state = createServiceState(shared);
  // Of the network the proxy uses nothing else.
  const network = { setServices } as Pick<Network, 'setServices'> as Network;
  const proxy = createServiceProxy({ ...shared, state, network, nodeName: 'node-a' });
  const capacity = { cpu_millicores: 2000, memory_bytes: 2 ** 32, pods: 110 };
  const agent = createNodeAgent({
    ...shared,
    nodeName: 'node-a',
    runtime,
    network: wires,
    machine: openMachine({ dataDir: dir, random }),
    address: '192.0.2.1',
    capacity,
    version: 'v1',
    drained: (pod) => proxy.drained(pod),
    drainSettle_ms: 10,
  });
  const parts = [createControllers({ ...shared, options: { rootCa: 'the authority' } }), createScheduler(shared), proxy, agent];
  try {
    await Promise.all(parts.map((part) => part.start()));
    await walk(client, runtime);
    assert.equal(wires.pods.size, 0);
    assert.deepEqual(await runtime.listContainers(), []);
  } finally {
    for (const part of parts.toReversed()) await part.stop();
    await state.stop();
    await server.stop();
    await store.close();
    await rm(dir, { recursive: true, force: true });
  }
});

async function walk(client: ClusterClient, runtime: WatchedRuntime): Promise<void> {
  const service: V1Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: LABELS, ports: [{ port: 80 }] },
  };
  const template = (image: string) => ({ metadata: { labels: LABELS }, spec: { containers: [{ name: 'main', image }] } });
  const deployment: V1Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 3, selector: { matchLabels: LABELS }, template: template('app:1') },
  };
  await client.resource<V1Service>(SERVICES).create(service);
  await client.resource<V1Deployment>(DEPLOYMENTS).create(deployment);
  await until<V1Pod>(client, (pods) => pods.length === 3 && pods.every(isReady));
  runtime.exit(runtime.newest('main').id, 137);
  await until<V1Pod>(client, (pods) => pods.every(isReady) && pods.some(({ status }) => status?.containerStatuses?.[0]?.restartCount === 1));
  for (const image of ['app:2', 'app:3']) {
    await client.resource(DEPLOYMENTS).patch('web', 'default', 'merge', { spec: { template: template(image) } });
    await until<V1Pod>(client, (pods) => pods.length === 3 && pods.every((pod) => isReady(pod) && pod.spec?.containers[0]?.image === image));
  }
  // From here on the Service has nobody else, and leads on to those that end.
  assert.deepEqual(runtime.stoppedInService, []);
  await client.resource(DEPLOYMENTS).patch('web', 'default', 'merge', { spec: { replicas: 0 } });
  await until<V1Pod>(client, (pods) => pods.length === 0);
}

function isReady({ status, metadata }: V1Pod): boolean {
  return metadata.deletionTimestamp === undefined && status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

async function until<T extends KubeObject>(client: ClusterClient, holds: (objects: readonly T[]) => boolean): Promise<void> {
  const informer = createInformer<T>(client, PODS, { clock, logger, random });
  const done = Promise.withResolvers<void>();
  const look = () => informer.synced && holds(informer.list()) && done.resolve();
  using _timer = clock.setTimer(10_000, () => done.reject(new Error(`it never came to that: ${JSON.stringify(informer.list())}`)));
  informer.onChange(look);
  await informer.start();
  look();
  await done.promise.finally(() => informer.stop());
}
