import { createApiServer, type NodeStats } from '#cluster/apiserver';
import type { KubeObject, V1Deployment, V1Node, V1Pod } from '#cluster/api';
import { type ClusterClient, createInformer, inProcessClient, NODES, PODS, type RefOf } from '#cluster/client';
import { createControllers, type ControllersSettings } from '#cluster/controllers';
import { createScheduler } from '#cluster/scheduler';
import { openMemoryStore } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';

export const ADMIN = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const clock = systemClock;
const random = systemRandom;
const logger = silentLogger;

export interface ControlPlane extends AsyncDisposable {
  readonly client: ClusterClient;
  /** What the fake node says that each Pod uses, in millicores. */
  usage_millicores: number;
  /** Resolves when `holds` is true of the objects; it looks at each change of theirs. */
  until<T extends KubeObject>(ref: RefOf<T>, holds: (objects: readonly T[]) => boolean, why: string): Promise<readonly T[]>;
}

/** API server, controllers, scheduler and a node whose Pods run at once. */
export async function startControlPlane(settings: ControllersSettings = {}): Promise<ControlPlane> {
  const store = await openMemoryStore();
  const plane = { usage_millicores: 10 };
  const stats = async (): Promise<NodeStats> => ({
    timestamp_ms: clock.now(),
    window_ms: 1000,
    node: { cpu_nanocores: 0, memory_bytes: 0 },
    pods: node.pods().map(({ metadata, spec }) => ({
      namespace: metadata.namespace ?? '',
      name: metadata.name ?? '',
      containers: (spec?.containers ?? []).map(({ name }) => ({ name, cpu_nanocores: plane.usage_millicores * 1e6, memory_bytes: 1e6 })),
    })),
  });
  const refuse = () => Promise.reject(new Error('the fake node runs nothing'));
  const connection = { exec: refuse, attach: refuse, logs: refuse, portForward: refuse, stats };
  const server = await createApiServer({ store, clock, random, logger, serviceCidr: '10.96.0.0/24', nodes: () => connection, version: 'v1.36.0+gantry-test' });
  const client = inProcessClient(server.handler, ADMIN);
  const node = await startFakeNode(client);
  const controllers = createControllers({ client, clock, random, logger, options: settings });
  const scheduler = createScheduler({ client, clock, random, logger });
  await Promise.all([controllers.start(), scheduler.start()]);
  return Object.assign(plane, {
    client,
    until: <T extends KubeObject>(ref: RefOf<T>, holds: (objects: readonly T[]) => boolean, why: string) => until<T>(client, ref, holds, why),
    async [Symbol.asyncDispose]() {
      await scheduler.stop();
      await controllers.stop();
      await node.stop();
      await client.close();
      await server.stop();
      await store.close();
    },
  });
}

async function until<T extends KubeObject>(
  client: ClusterClient,
  ref: RefOf<T>,
  holds: (objects: readonly T[]) => boolean,
  why: string,
): Promise<readonly T[]> {
  const informer = createInformer<T>(client, ref, { clock, random, logger });
  const done = Promise.withResolvers<readonly T[]>();
  const look = () => holds(informer.list()) && done.resolve(informer.list());
  using _timer = clock.setTimer(8000, () =>
    done.reject(
      new Error(
        `it never came to: ${why}; there are ${JSON.stringify(informer.list().map(({ metadata, ...rest }) => ({ name: metadata.name, status: (rest as { status?: unknown }).status })))}`,
      ),
    ),
  );
  informer.onChange(look);
  try {
    await informer.start();
    look();
    return await done.promise;
  } finally {
    await informer.stop();
  }
}

async function startFakeNode(client: ClusterClient) {
  await client.resource<V1Node>(NODES).create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { 'kubernetes.io/hostname': 'node-1' } } });
  const now = () => new Date(clock.now()).toISOString().replace(/\.\d+/, '');
  const status = {
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
    allocatable: { cpu: '4', memory: '8Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: now(), lastTransitionTime: now() }],
  };
  await client.resource<V1Node>(NODES).patch('node-1', undefined, 'merge', { status }, { subresource: 'status' });
  const informer = createInformer<V1Pod>(client, PODS, { clock, random, logger });
  const resource = client.resource<V1Pod>(PODS);
  let address = 1;
  const work = new Set<Promise<unknown>>();
  informer.onChange(({ type, object }) => {
    const { name = '', namespace, deletionTimestamp } = object.metadata;
    if (type === 'deleted' || !object.spec?.nodeName) return;
    const task = (
      deletionTimestamp
        ? resource.delete(name, namespace, { gracePeriodSeconds: 0 })
        : object.status?.phase === 'Running'
          ? Promise.resolve()
          : resource.patch(
              name,
              namespace,
              'merge',
              {
                status: {
                  phase: 'Running',
                  startTime: now(),
                  podIP: `10.244.0.${address}`,
                  podIPs: [{ ip: `10.244.0.${address++}` }],
                  conditions: [{ type: 'Ready', status: object.spec.containers[0]?.image?.includes('broken') ? 'False' : 'True', lastTransitionTime: now() }],
                },
              },
              { subresource: 'status' },
            )
    )
      .catch(() => undefined)
      .finally(() => work.delete(task));
    work.add(task);
  });
  await informer.start();
  return {
    pods: () => informer.list().filter(({ status }) => status?.phase === 'Running'),
    async stop() {
      await informer.stop();
      await Promise.all(work);
    },
  };
}

export function deployment(name: string, replicas: number, image: string, more: object = {}): V1Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image, ports: [{ name: 'web', containerPort: 80 }], resources: { requests: { cpu: '100m' } } }] },
      },
      ...more,
    },
  };
}

export function rolledOut(image: string, replicas: number) {
  return (deployments: readonly V1Deployment[]): boolean => {
    const [one] = deployments;
    const { status, spec, metadata } = one ?? { metadata: {} };
    const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
    return (
      spec?.template.spec?.containers[0]?.image === image &&
      status?.observedGeneration === metadata.generation &&
      status?.updatedReplicas === replicas &&
      status.availableReplicas === replicas &&
      status.replicas === replicas &&
      progressing?.reason === 'NewReplicaSetAvailable'
    );
  };
}
