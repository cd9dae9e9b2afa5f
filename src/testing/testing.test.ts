import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { CoreV1Event, V1Deployment, V1Node, V1Pod } from '#cluster/api';
import { createInformer, DEPLOYMENTS, EVENTS, NODES, PODS } from '#cluster/client';
import { silentLogger } from '#kit';
import { type ContainerScript, startCluster, type TestCluster } from './index.ts';

const deployment = (replicas: number, more = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: web:1
${more.replaceAll(/^(?=.)/gm, '          ')}
`;
const podsOf = async ({ client }: TestCluster) => (await client.resource<V1Pod>(PODS).list({ namespace: 'default' })).items;
const available = async ({ client }: TestCluster) => (await client.resource<V1Deployment>(DEPLOYMENTS).get('web', 'default')).status?.availableReplicas ?? 0;
const untilAvailable = (cluster: TestCluster, count: number) => cluster.until(`${count} available`, async () => (await available(cluster)) === count);
const pod = (name: string, container: object = {}, spec: object = {}): V1Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'app:1', ...container }], ...spec },
});

suite('a cluster inside a test', () => {
  test('runs a Deployment on its nodes, with addresses, Services and events', async () => {
    await using cluster = await startCluster({ nodes: 3 });
    await cluster.apply(deployment(6));
    await untilAvailable(cluster, 6);
    const pods = await podsOf(cluster);
    assert.equal(new Set(pods.map(({ spec }) => spec?.nodeName)).size, 3);
    assert.equal(new Set(pods.map(({ status }) => status?.podIP)).size, 6);
    const { items } = await cluster.client.resource<CoreV1Event>(EVENTS).list({ namespace: 'default' });
    for (const reason of ['ScalingReplicaSet', 'SuccessfulCreate', 'Scheduled', 'Started'])
      assert.ok(
        items.some((event) => event.reason === reason),
        reason,
      );
  });

  test('a Deployment makes as many Pods as it asks for and none besides, however many come at once', async () => {
    await using cluster = await startCluster({ nodes: 20, clock: 'fake', seed: 3 });
    const made: string[] = [];
    const pods = createInformer<V1Pod>(cluster.client, PODS, { clock: cluster.clock, logger: silentLogger });
    pods.onChange(({ type, object }) => type === 'added' && made.push(object.metadata.name ?? ''));
    await pods.start();
    await cluster.apply(deployment(400));
    await untilAvailable(cluster, 400);
    await pods.stop();
    assert.equal(made.length, 400);
  });

  test('a manifest that the API refuses fails with its words and the place', async () => {
    await using cluster = await startCluster({ nodes: 0 });
    await assert.rejects(cluster.apply(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\n---\n${deployment(-1)}`), {
      code: 'MANIFEST_REFUSED',
      message: /^manifest 2 of 2, Deployment web: .*spec\.replicas: Invalid value: -1: must be greater than or equal to 0/,
    });
    await assert.rejects(cluster.apply('apiVersion: v1\nkind: [\n'), /^GantryError: document 1: /);
    await assert.rejects(cluster.apply('{apiVersion: example.com/v1, kind: Nothing, metadata: {name: x}}'), /no kind "Nothing" is registered/);
  });

  test('others may do what RBAC allows them', async () => {
    await using cluster = await startCluster({ nodes: 0 });
    await assert.rejects(cluster.as('eve').resource(PODS).list({ namespace: 'default' }), /pods is forbidden: User "eve" cannot list resource "pods"/);
  });

  test('what does not happen is told with the seed', async () => {
    await using cluster = await startCluster({ nodes: 0, clock: 'fake', seed: 7 });
    await assert.rejects(
      cluster.until('a Pod', async () => (await podsOf(cluster)).length > 0),
      /^GantryError: a Pod did not happen within 3600 s \(seed 7\)$/,
    );
    await assert.rejects(startCluster({ nodes: [{ capacity: { pods: 251 } }] }), /capacity\.pods is 251, want 250 at most/);
  });
});

suite('processes that follow a script', () => {
  const cases: [string, ContainerScript, object, (pod: V1Pod) => boolean][] = [
    [
      'a process that ends is started again',
      { exits: { after_ms: 5000, code: 3 } },
      {},
      ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 2,
    ],
    [
      'one that ends at once is in CrashLoopBackOff, with its last words',
      { exits: { after_ms: 0, code: 1 }, lastWords: 'no database' },
      {},
      ({ status }) => {
        const [main] = status?.containerStatuses ?? [];
        return main?.state?.waiting?.reason === 'CrashLoopBackOff' && main.lastState?.terminated?.message === 'no database';
      },
    ],
    [
      'one that is slow becomes ready by its probe',
      { servesAfter_ms: 20_000 },
      { readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 5 } },
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    ],
    [
      'one whose liveness probe fails is killed',
      { exec: () => ({ code: 1, stderr: 'sick' }) },
      { livenessProbe: { exec: { command: ['check'] }, periodSeconds: 5 } },
      ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0,
    ],
    ['one that cannot be started says so', { startFails: 'exec: "app": not found' }, {}, ({ status }) => /not found/.test(JSON.stringify(status))],
    ['memory that runs out is told', { exits: { after_ms: 1000, code: 137, oomKilled: true } }, {}, ({ status }) => /OOMKilled/.test(JSON.stringify(status))],
  ];
  for (const [what, script, container, expected] of cases)
    test(what, async () => {
      await using cluster = await startCluster({ clock: 'fake', pods: () => script });
      await cluster.apply(pod('app', container));
      await cluster.until(what, async () => {
        const [found] = await podsOf(cluster);
        return found !== undefined && expected(found);
      });
    });

  test('an image that is nowhere keeps its Pod waiting; one that comes slowly, for so long', async () => {
    await using cluster = await startCluster({ clock: 'fake', images: (name) => (name === 'none:1' ? 'missing' : { pull_ms: 90_000 }) });
    await cluster.apply([pod('none', { image: 'none:1' }), pod('slow', { image: 'slow:1' })]);
    const reasonOf = async (name: string) =>
      (await cluster.client.resource<V1Pod>(PODS).get(name, 'default')).status?.containerStatuses?.[0]?.state?.waiting?.reason;
    await cluster.until('the image to be missed', async () => ['ErrImagePull', 'ImagePullBackOff'].includes((await reasonOf('none')) ?? ''));
    await cluster.advance(80_000);
    assert.equal(await reasonOf('slow'), 'ContainerCreating');
    await cluster.advance(15_000);
    assert.equal(await reasonOf('slow'), undefined);
  });

  test('a later script is asked first, and a Job is done when its process ends', async () => {
    await using cluster = await startCluster({ clock: 'fake' });
    cluster.script(({ pod: { name } }) => (name === 'job' ? { exits: { after_ms: 60_000, code: 0 } } : undefined));
    await cluster.apply([pod('job', {}, { restartPolicy: 'Never' }), pod('server')]);
    await cluster.advance(59_000);
    const phases = async () => (await podsOf(cluster)).map(({ status }) => status?.phase);
    assert.deepEqual(await phases(), ['Running', 'Running']);
    await cluster.advance(2000);
    assert.deepEqual(await phases(), ['Succeeded', 'Running']);
  });
});

suite('nodes', () => {
  test('a node that dies loses its Pods to the others after 40 s and the tolerations', async () => {
    await using cluster = await startCluster({ nodes: 2, clock: 'fake' });
    await cluster.apply(deployment(2));
    await untilAvailable(cluster, 2);
    await cluster.nodes.get('node-0')?.kill();
    await cluster.advance(60_000);
    const node = await cluster.client.resource<V1Node>(NODES).get('node-0');
    assert.equal(node.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'Unknown');
    assert.equal(await available(cluster), 1);
    await cluster.advance(310_000);
    assert.equal(await available(cluster), 2);
    await cluster.nodes.get('node-0')?.start();
    await cluster.until('the node to be back', async () => {
      const { status } = await cluster.client.resource<V1Node>(NODES).get('node-0');
      return status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
    });
  });

  test('one that was cut off goes on with its Pods', async () => {
    await using cluster = await startCluster({ clock: 'fake' });
    await cluster.apply(pod('app'));
    const restarts = async () => (await podsOf(cluster))[0]?.status?.containerStatuses?.[0]?.restartCount;
    await cluster.settled();
    assert.equal(await restarts(), 0);
    const node = cluster.nodes.get('node-0');
    await node?.disconnect();
    await cluster.advance(20_000);
    await node?.start();
    await cluster.settled();
    assert.equal(await restarts(), 0);
    node?.exit({ namespace: 'default', name: 'app' }, 1);
    await cluster.settled();
    assert.equal(await restarts(), 1);
    assert.throws(() => node?.exit({ namespace: 'default', name: 'nothing' }, 1), /no running container/);
  });
});

suite('one seed, one run', () => {
  const story = async (seed: number) => {
    await using cluster = await startCluster({
      nodes: 3,
      clock: 'fake',
      seed,
      pods: ({ attempt }) => ({ exits: { after_ms: 7000 + 1000 * attempt, code: 1 } }),
    });
    const seen: string[] = [];
    const informer = createInformer(cluster.client, PODS, { clock: cluster.clock, logger: silentLogger });
    informer.onChange(({ type, object }) => seen.push(`${cluster.clock.now()} ${type} ${JSON.stringify(object)}`));
    await informer.start();
    await cluster.apply(deployment(5));
    await cluster.advance(120_000);
    await cluster.nodes.get('node-1')?.kill();
    await cluster.advance(400_000);
    await informer.stop();
    const { items } = await cluster.client.resource(EVENTS).list();
    return [...seen, ...items.map((item) => JSON.stringify(item))];
  };

  test('the same seed gives the same events, names and uids; another seed others', async () => {
    const [first, second, other] = [await story(1), await story(1), await story(2)];
    assert.ok(first.length > 100, `${first.length} events`);
    assert.deepEqual(first, second);
    assert.notDeepEqual(first, other);
  });
});

suite('a snapshot', () => {
  test('is gone on from by as many as want, each for itself', async () => {
    await using cluster = await startCluster({ clock: 'fake', nodes: 2 });
    await cluster.apply(deployment(3));
    await untilAvailable(cluster, 3);
    const snapshot = await cluster.snapshot();
    await using one = await snapshot.fork();
    await using other = await snapshot.fork();
    assert.deepEqual(await podsOf(one), await podsOf(cluster), 'nothing was started again');
    await one.client.resource(DEPLOYMENTS).delete('web', 'default', { propagationPolicy: 'Background' });
    await one.until('no Pod', async () => (await podsOf(one)).length === 0);
    await other.apply(deployment(5));
    await untilAvailable(other, 5);
    assert.equal((await podsOf(cluster)).length, 3);
    assert.equal(other.clock.now() >= snapshot.time_ms, true);
  });
});
