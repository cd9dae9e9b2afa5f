import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxTar } from '../test/support/busybox.ts';
import { startTestDaemon } from '../test/support/daemon.ts';
import { output } from '../test/support/run.ts';
import { lendImage, openBuildah } from './support/buildah.ts';
import { report } from './support/report.ts';

// `docker build`, whole commands, as JSON lines: `bin/with-node bench/build.ts [--rounds 5]`. Needs root and docker. The daemon stands in
// namespaces of its own, and buildah beside it where it is installed, in turns with it.

const FILES = 1_000;
const PATIENCE_MS = 600_000;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error('--rounds must be a number above 0');

await using daemon = await startTestDaemon(['--parts', 'engine']);
await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
const buildah = await openBuildah(daemon);
const steps = await context('steps', 'FROM busybox\nENV A=1\nWORKDIR /app\nCOPY . .\nRUN echo built > /built\nCMD ["sh"]\n');
for (let number = 0; number < FILES; number += 1) {
  const folder = join(steps, 'files', String(number % 20));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${number}.txt`), `file ${number}\n`.repeat(20));
}
const stage = (name: string) => `FROM busybox AS ${name}\nRUN sleep 1 && echo ${name} > /done\n`;
const names = ['a', 'b', 'c', 'd'];
const copies = names.map((name) => `COPY --from=${name} /done /${name}\n`).join('');
const parallel = await context('parallel', `${names.map(stage).join('')}FROM busybox\n${copies}`);

await build(steps);
if (buildah) await lendImage(daemon, buildah, 'busybox');
const [COLD, CACHED] = [['--no-cache'], ['--layers']];
await times('docker build, 6 steps with a COPY of 1,000 small files, cold', 800, {
  own: () => build(steps),
  before: prune,
  peer: () => byBuildah(steps, COLD),
});
await build(steps);
await byBuildah(steps, CACHED);
await times('docker build, 6 steps with a COPY of 1,000 small files, cached', 150, { own: () => build(steps), peer: () => byBuildah(steps, CACHED) });
const atOnce = [...COLD, '--jobs', String(names.length)];
await times('docker build, 4 independent stages of 1 s each', 1_500, { own: () => build(parallel), before: prune, peer: () => byBuildah(parallel, atOnce) });
await largeContexts();

async function largeContexts(): Promise<void> {
  const many = await context('many', 'FROM busybox\nCOPY . /many\n');
  await output(
    daemon.inside(['sh', '-c', `cd ${many} && for d in $(seq 100); do mkdir d$d; (cd d$d && seq 1000 | xargs touch); done`], { timeout_ms: PATIENCE_MS }),
  );
  await watched(
    'docker build, a context of 100,000 files',
    () => build(many),
    () => byBuildah(many, COLD),
  );
  await rm(many, { recursive: true });
  const big = await context('big', 'FROM busybox\nCOPY . /big\n');
  await output(daemon.inside(['sh', '-c', `head -c 2000000000 /dev/urandom > ${big}/file`], { timeout_ms: PATIENCE_MS }));
  await watched(
    'docker build, a context of 2 GB',
    () => build(big),
    () => byBuildah(big, COLD),
  );
  await rm(big, { recursive: true });
}

/** The time, and by how much the daemon's memory grew meanwhile. */
async function watched(what: string, task: () => Promise<unknown>, peer: () => Promise<unknown>): Promise<void> {
  const memory = async () => Number(/VmRSS:\s+(\d+)/.exec(await output(daemon.inside(['cat', `/proc/${daemon.pid}/status`])))?.[1]) / 1_000;
  const idle = await memory();
  const begun = performance.now();
  let [done, most] = [false, idle];
  const running = task().finally(() => (done = true));
  // It is awaited below.
  running.catch(() => undefined);
  while (!done) {
    most = Math.max(most, await memory());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await running;
  report({ what, unit: 'ms', values: [performance.now() - begun] });
  report({ what: `${what}: memory above idle`, unit: 'MB', values: [most - idle], reachFor: 150 });
  if (buildah) report({ what, of: 'buildah', unit: 'ms', values: [await timed(peer)] });
}

interface Tasks {
  readonly own: () => Promise<unknown>;
  /** Is no part of what is measured. */
  readonly before?: () => Promise<unknown>;
  readonly peer: () => Promise<unknown>;
}

async function times(what: string, reachFor: number, { own, before, peer }: Tasks): Promise<void> {
  const figures: { readonly own: number[]; readonly peer: number[] } = { own: [], peer: [] };
  for (let round = 0; round < rounds; round += 1) {
    await before?.();
    figures.own.push(await timed(own));
    if (buildah) figures.peer.push(await timed(peer));
  }
  report({ what, unit: 'ms', values: figures.own, reachFor });
  if (buildah) report({ what, of: 'buildah', unit: 'ms', values: figures.peer });
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
}

async function context(name: string, dockerfile: string): Promise<string> {
  const folder = join(daemon.folder, name);
  await mkdir(folder);
  await writeFile(join(folder, 'Dockerfile'), dockerfile);
  return folder;
}

function build(folder: string): Promise<string> {
  return output(daemon.docker(['build', '-t', 'built', '.'], { folder, timeout_ms: PATIENCE_MS }));
}

/** Steps by chroot, which costs it less than its containers do. */
async function byBuildah(folder: string, options: readonly string[]): Promise<void> {
  await buildah?.('build', '--quiet', '--pull-never', '--isolation', 'chroot', ...options, '-t', 'built', folder);
}

async function prune(): Promise<void> {
  await output(daemon.docker(['builder', 'prune', '-af']));
}
