import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { createInformer, kinds, systemClock } from 'gantry';
import { startCluster, type TestCluster } from 'gantry/testing';
import { report } from './support/report.ts';

// A cluster inside a test, as JSON lines: `bin/with-node bench/testing.ts [--rounds 5] [--nodes 1000] [--pods 10000]`. Needs no root.

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    nodes: { type: 'string', default: '1000' },
    pods: { type: 'string', default: '10000' },
    /** What a fresh process measures of itself. */
    only: { type: 'string' },
  },
});
const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => round);
const [OBJECTS, SIDE_BY_SIDE, CHANGES] = [1000, 100, 200];

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** Of a process of its own: loading is part of it, the start of Node.js is not. */
async function first(): Promise<void> {
  const begun = performance.now();
  const testing = await import('gantry/testing');
  const cluster = await testing.startCluster();
  const took_ms = performance.now() - begun;
  await cluster.stop();
  process.stdout.write(String(took_ms));
}

function freshProcess(only: string, ...more: string[]): number {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--conditions=gantry-source', '--expose-gc', '--no-warnings', import.meta.filename, '--only', only, ...more],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`--only ${only} ended with exit status ${status}`);
  process.stdout.write(stdout.split('\n').slice(0, -1).join('\n'));
  return Number(stdout.split('\n').at(-1));
}

async function next(): Promise<void> {
  const times: number[] = [];
  // The first one of a process is the row before.
  await (await startCluster()).stop();
  for (const _ of rounds) {
    let cluster: TestCluster | undefined;
    times.push(await timed(async () => (cluster = await startCluster())));
    await cluster?.stop();
  }
  report({ what: 'startCluster() again in the same process', unit: 'ms', values: times, reachFor: 20 });
}

async function forks(): Promise<void> {
  await using cluster = await startCluster({ nodes: 0 });
  const data = { text: 'x'.repeat(500) };
  for (let index = 0; index < OBJECTS; index += 1)
    await cluster.client
      .resource(kinds.ConfigMap)
      .create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `object-${index}`, namespace: 'default' }, data });
  const snapshot = await cluster.snapshot();
  const times: number[] = [];
  for (const _ of rounds) {
    let fork: TestCluster | undefined;
    times.push(await timed(async () => (fork = await snapshot.fork())));
    await fork?.stop();
  }
  report({ what: `a fork of a cluster with ${OBJECTS} objects`, unit: 'ms', values: times, reachFor: 10 });
}

async function deploy(cluster: TestCluster, replicas: number): Promise<void> {
  await cluster.apply(
    `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {replicas: ${replicas}, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}}}`,
  );
  const deployments = cluster.client.resource(kinds.Deployment);
  for await (const event of deployments.watch({ namespace: 'default' }))
    if (event.type !== 'BOOKMARK' && event.type !== 'ERROR' && event.object.status?.availableReplicas === replicas) return;
}

async function hundredPods(): Promise<void> {
  const times: number[] = [];
  for (const _ of rounds) {
    await using cluster = await startCluster({ nodes: 2 });
    times.push(await timed(() => deploy(cluster, 100)));
  }
  report({ what: 'a Deployment of 100 Pods to Available, real clock', unit: 'ms', values: times, reachFor: 300 });
}

/** Of a process of its own, so that nothing else counts as its memory. */
async function many(): Promise<void> {
  const [nodes, pods] = [Number(values.nodes), Number(values.pods)];
  await using cluster = await startCluster({ nodes });
  const took_ms = await timed(() => deploy(cluster, pods));
  report({ what: `${pods} Pods on ${nodes} nodes, created and Running`, unit: 'Pods/s', values: [pods / (took_ms / 1000)], reachFor: 500, more: true });
  globalThis.gc?.();
  report({ what: 'memory of the process then', unit: 'MB', values: [process.memoryUsage.rss() / 1e6], reachFor: 400 });
}

async function informer(): Promise<void> {
  await using cluster = await startCluster({ nodes: 0 });
  const [begun, times] = [new Map<string, number>(), [] as number[]];
  const follower = createInformer(cluster.client, kinds.ConfigMap, { clock: systemClock });
  await follower.start();
  const all = Promise.withResolvers<void>();
  follower.onChange(({ object: { metadata } }) => {
    const at = begun.get(metadata.name ?? '');
    if (at !== undefined) times.push(performance.now() - at);
    if (times.length === CHANGES) all.resolve();
  });
  for (let index = 0; index < CHANGES; index += 1) {
    const name = `change-${index}`;
    begun.set(name, performance.now());
    await cluster.client.resource(kinds.ConfigMap).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
  }
  await all.promise;
  await follower.stop();
  report({ what: "from a write's beginning to an informer's handler, in-process", unit: 'ms', values: times.slice(CHANGES / 4), reachFor: 0.2 });
}

async function sideBySide(): Promise<void> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  const clusters = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => startCluster()));
  globalThis.gc?.();
  const each = (process.memoryUsage.rss() - before) / SIDE_BY_SIDE / 1e6;
  await Promise.all(clusters.map((cluster) => cluster.stop()));
  report({ what: `${SIDE_BY_SIDE} clusters side by side, memory of each`, unit: 'MB', values: [each], reachFor: 10 });
}

if (values.only === 'first') await first();
else if (values.only === 'many') await many();
else if (values.only === 'side-by-side') await sideBySide();
else {
  report({ what: 'startCluster() in a fresh process, loading included', unit: 'ms', values: rounds.map(() => freshProcess('first')), reachFor: 150 });
  await next();
  await forks();
  await hundredPods();
  await informer();
  freshProcess('side-by-side');
  freshProcess('many', '--nodes', values.nodes, '--pods', values.pods);
}
