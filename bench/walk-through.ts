import { spawnSync } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { V1Deployment, V1Pod } from '#cluster/api';
import { createInformer, DEPLOYMENTS, httpClient, type Informer, loadKubeconfig, PODS } from '#cluster/client';
import { systemClock as clock, silentLogger as logger, systemRandom as random } from '#kit';
import { busyboxTar } from '../test/support/busybox.ts';
import { output, run } from '../test/support/run.ts';
import { processTree, pss_bytes } from './support/processes.ts';
import { report } from './support/report.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const INSIDE = '--inside';

const { values } = parseArgs({ options: { inside: { type: 'boolean', default: false }, quick: { type: 'boolean', default: false } } });
if (values.inside) await measure(values.quick);
else {
  // Everything stands in namespaces of its own.
  const setUp = 'ip link set lo up && exec "$@"';
  const words = [
    '--net',
    '--mount',
    'sh',
    '-c',
    setUp,
    'sh',
    process.execPath,
    '--no-warnings',
    import.meta.filename,
    INSIDE,
    ...(values.quick ? ['--quick'] : []),
  ];
  process.exitCode = spawnSync('unshare', words, { stdio: 'inherit' }).status ?? 1;
}

interface Place {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  gantry(...words: string[]): Promise<string>;
  docker(...words: string[]): Promise<string>;
}

async function measure(quick: boolean): Promise<void> {
  await startFromNothing(quick ? 3 : 9);
  const place = makePlace();
  try {
    await place.gantry('up', '--detach');
    await output(run(['docker', 'import', '-', 'busybox'], { environment: place.environment, input: busyboxTar() }));
    await runBusybox(place, quick ? 5 : 25);
    await perContainer(place, quick ? 5 : 20);
    await withCluster(place, quick ? 3 : 9);
  } finally {
    await place.gantry('down', '--purge');
    await rm(place.folder, { recursive: true, force: true });
  }
}

function makePlace(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  const environment = {
    ...process.env,
    KUBECONFIG: join(folder, 'kubeconfig'),
    DOCKER_HOST: `unix://${folder}/run/docker.sock`,
    DOCKER_CONFIG: join(folder, 'docker'),
  };
  const directories = ['--data-dir', join(folder, 'data'), '--run-dir', join(folder, 'run')];
  return {
    folder,
    environment,
    gantry: (...words) => output(run([process.execPath, '--no-warnings', join(ROOT, 'src/cli/main.ts'), ...words, ...directories], { environment })),
    docker: (...words) => output(run(['docker', ...words], { environment })),
  };
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const began = clock.monotonic();
  await task();
  return clock.monotonic() - began;
}

/** `gantry up --detach` on an empty data dir, the whole command, until it says that all are ready. */
async function startFromNothing(rounds: number): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const place = makePlace();
    times.push(await timed(() => place.gantry('up', '--detach')));
    await place.gantry('down', '--purge');
    await rm(place.folder, { recursive: true, force: true });
  }
  report({ what: 'gantry up from nothing to all ready', unit: 'ms', values: times, reachFor: 800 });
}

async function daemonPid(place: Place): Promise<number> {
  // The command's own form.
  return (JSON.parse(await place.gantry('status', '-o', 'json')) as { pid: number }).pid;
}

async function runBusybox(place: Place, rounds: number): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await timed(() => place.docker('run', '--rm', 'busybox', 'true')));
  report({ what: 'docker run --rm busybox true', unit: 'ms', values: times, reachFor: 120 });
}

/** What a running container takes beyond its own processes: its monitor, and what the daemon grew by. */
async function perContainer(place: Place, count: number): Promise<void> {
  const pid = await daemonPid(place);
  const own = async () => (await Promise.all((await processTree(pid)).map(pss_bytes))).reduce((sum, size) => sum + size, 0);
  const before = await own();
  const names = Array.from({ length: count }, (_, index) => `sleeper-${index}`);
  await Promise.all(names.map((name) => place.docker('run', '-d', '--name', name, 'busybox', 'sleep', '1000')));
  await clock.sleep(2_000);
  const monitors = await monitorsOf(place);
  const sizes = await Promise.all(monitors.map(pss_bytes));
  const grown = ((await own()) - before) / count;
  report({ what: 'memory of a container beyond its processes: its monitor', unit: 'MB', values: sizes.map((size) => size / 1e6), reachFor: 1.5 });
  report({ what: 'memory of a container beyond its processes: what the daemon grew by', unit: 'MB', values: [grown / 1e6] });
  await place.docker('rm', '-f', ...names);
}

/** The monitors of the place's containers, by the folder that they were told. */
async function monitorsOf(place: Place): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    // A process may end meanwhile.
    const words = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
    if (words.includes('conmon') && words.includes(place.folder)) found.push(Number(name));
  }
  return found;
}

async function withCluster(place: Place, rounds: number): Promise<void> {
  const client = httpClient(await loadKubeconfig(join(place.folder, 'kubeconfig')));
  const pods = createInformer<V1Pod>(client, PODS, { clock, logger, random });
  await pods.start();
  const [applied, restarted]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    const name = `web-${round}`;
    applied.push(await timed(() => applyAndWait(place, pods, name)));
    restarted.push(await killAndWait(place, pods, name));
    await client.resource<V1Deployment>(DEPLOYMENTS).delete(name, 'default');
    await until(pods, (all) => all.length === 0);
  }
  await pods.stop();
  await client.close();
  report({ what: 'kubectl apply of a Deployment to 3 Ready Pods', unit: 'ms', values: applied, reachFor: 1000 });
  report({ what: 'process of a Pod killed, to Ready again', unit: 'ms', values: restarted, reachFor: 500 });
}

async function applyAndWait(place: Place, pods: Informer<V1Pod>, name: string): Promise<void> {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'busybox', command: ['sleep', '1000'] }];
  const spec = { replicas: 3, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 0 } } };
  const manifest = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec };
  await output(run(['kubectl', 'apply', '-f', '-'], { environment: place.environment, input: JSON.stringify(manifest) }));
  await until(pods, (all) => all.filter((pod) => pod.metadata.labels?.app === name && isReady(pod)).length === 3);
}

async function killAndWait(place: Place, pods: Informer<V1Pod>, name: string): Promise<number> {
  const uid = pods.list().find((pod) => pod.metadata.labels?.app === name)?.metadata.uid ?? '';
  const pid = await mainProcess(place, uid);
  return await timed(async () => {
    process.kill(pid, 'SIGKILL');
    await until(pods, (all) => all.some((pod) => pod.metadata.uid === uid && isReady(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1));
  });
}

interface StoredContainer {
  readonly record: { readonly spec: { readonly owner: { readonly uid?: string } }; readonly state: { readonly pid?: number } };
}

/** The first process of the Pod's container, from the engine's own record. */
async function mainProcess(place: Place, uid: string): Promise<number> {
  const folder = join(place.folder, 'data', 'engine', 'containers');
  for (const id of await readdir(folder)) {
    // The engine's own form.
    const { record } = JSON.parse(await readFile(join(folder, id, 'container.json'), 'utf8')) as StoredContainer;
    if (record.spec.owner.uid === uid && record.state.pid !== undefined) return record.state.pid;
  }
  throw new Error(`no running container of Pod ${uid}`);
}

function isReady({ status }: V1Pod): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
}

async function until(pods: Informer<V1Pod>, holds: (all: readonly V1Pod[]) => boolean): Promise<void> {
  const done = Promise.withResolvers<void>();
  using _subscription = pods.onChange(() => holds(pods.list()) && done.resolve());
  if (holds(pods.list())) return;
  await done.promise;
}
