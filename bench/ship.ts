import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { busyboxTar } from '../test/support/busybox.ts';
import { output } from '../test/support/run.ts';
import { openBuildah } from './support/buildah.ts';
import { openElsewhere, openRegistries, type RegistryPeer } from './support/registries.ts';
import { report } from './support/report.ts';

// `docker push` and `docker pull` of an image of 100 MB that was built here, whole commands, as JSON lines: `bin/with-node bench/ship.ts [--rounds 5]`.
// Needs root and docker. skopeo and buildah, where they are installed, move the same blobs from and to the same registries, in turns. Each round
// has bytes of its own, so that nobody has them already.

const [MEGABYTES, ELSEWHERE_PORT, PATIENCE_MS] = [100, 5_002, 300_000];
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error('--rounds must be a number above 0');

await using registries = await openRegistries();
const { daemon } = registries;
await using elsewhere = await openElsewhere(daemon, ELSEWHERE_PORT);
const [builtIn, other] = registries.peers;
const targets = [{ peer: elsewhere, what: 'the registry of another machine' }, ...(other === undefined ? [] : [{ peer: other, what: 'docker-registry' }])];
const docker = (...words: readonly string[]) => output(daemon.docker(words, { timeout_ms: PATIENCE_MS }));
const inside = (...words: readonly string[]) => output(daemon.inside(words, { timeout_ms: PATIENCE_MS }));
const isThere = async (program: string) => (await daemon.inside(['sh', '-c', `command -v ${program}`])).status === 0;
const peers = { skopeo: await isThere('skopeo'), buildah: await openBuildah(daemon) };
// skopeo remembers where it saw blobs, and would mount them: what it remembers is this run's, and is forgotten before each push.
const REMEMBERED = '/var/lib/containers';
if (peers.skopeo) await inside('mount', '-t', 'tmpfs', 'none', REMEMBERED);
await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
const figures = new Map<string, { readonly reachFor?: number; readonly of?: string; readonly values: number[] }>();

for (let round = -1; round < rounds; round += 1) {
  if (builtIn) await pushHere(builtIn, round);
  for (const { peer, what } of targets) await shipBy(peer, what, round);
}
for (const [what, { values: all, reachFor, of }] of figures)
  report({ what, unit: 'ms', values: all, ...(reachFor === undefined ? {} : { reachFor }), ...(of === undefined ? {} : { of }) });
await sharedLayers();

/** The first round only warms up. */
async function timed(round: number, what: string, more: { readonly reachFor?: number; readonly of?: string }, task: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await task();
  const took_ms = performance.now() - begun;
  const key = more.of === undefined ? what : `${what} (${more.of})`;
  const row = figures.get(key) ?? { ...more, values: [] };
  figures.set(key, row);
  if (round >= 0) row.values.push(took_ms);
}

async function pushHere({ host, port }: RegistryPeer, round: number): Promise<void> {
  const name = `${host}:${port}/here/${round + 1}`;
  await build(name);
  const push = () => docker('push', name);
  await timed(round, `docker push of ${MEGABYTES} MB, built here, to the built-in registry`, { reachFor: 100 }, push);
  await timed(round, 'docker push again, nothing new, to the built-in registry', { reachFor: 30 }, push);
  await docker('rmi', name);
}

async function shipBy({ host, port }: RegistryPeer, where: string, round: number): Promise<void> {
  const name = `${host}:${port}/bench/${round + 1}`;
  await build(name);
  const push = () => docker('push', name);
  await timed(round, `docker push of ${MEGABYTES} MB to ${where}`, { reachFor: 1_200 }, push);
  await timed(round, `docker push again, nothing new, to ${where}`, { reachFor: 30 }, push);
  if (peers.skopeo) await bySkopeo(name, `push of ${MEGABYTES} MB to ${where}`, round);
  await docker('rmi', name);
  await docker('builder', 'prune', '-af');
  await timed(round, `docker pull of ${MEGABYTES} MB from ${where}, unpacked`, { reachFor: 1_200 }, () => docker('pull', name));
  await docker('rmi', name);
  const { buildah } = peers;
  if (!buildah) return;
  const pull = () => buildah('pull', '--quiet', '--tls-verify=false', `docker://${name}`);
  await timed(round, `pull of ${MEGABYTES} MB from ${where}, unpacked`, { of: 'buildah' }, pull);
  await buildah('rmi', '--all', '--force');
}

/** The same image from a folder, under another name: a registry asks for each of its bytes anew. */
async function bySkopeo(name: string, what: string, round: number): Promise<void> {
  const folder = join(daemon.folder, 'copied');
  await inside('skopeo', 'copy', '--quiet', '--src-tls-verify=false', `docker://${name}`, `dir:${folder}`);
  await inside('rm', '-rf', `${REMEMBERED}/cache`);
  await timed(round, what, { of: 'skopeo' }, () => inside('skopeo', 'copy', '--quiet', '--dest-tls-verify=false', `dir:${folder}`, `docker://${name}-again`));
  await inside('rm', '-r', folder);
}

async function build(name: string, layers: readonly string[] = ['file']): Promise<void> {
  const folder = join(daemon.folder, 'context');
  await mkdir(folder, { recursive: true });
  for (const layer of layers) if (layer === 'file') await writeFile(join(folder, layer), randomBytes(MEGABYTES * 1e6));
  await writeFile(join(folder, 'Dockerfile'), `FROM busybox\n${layers.map((layer) => `COPY ${layer} /\n`).join('')}`);
  await docker('build', '-q', '-t', name, folder);
}

/** Three images with three layers in common, pulled at once: how often each blob was asked for. */
async function sharedLayers(): Promise<void> {
  const { host, port } = elsewhere;
  const names = ['one', 'two', 'three'].map((own) => `${host}:${port}/shared/${own}`);
  const common = ['a', 'b', 'c'];
  const folder = join(daemon.folder, 'context');
  for (const layer of [...common, ...names.map((_, index) => String(index))]) await writeFile(join(folder, layer), randomBytes(20e6));
  for (const [index, name] of names.entries()) {
    await build(name, [...common, String(index)]);
    await docker('push', name);
  }
  for (const name of names) await docker('rmi', name);
  await docker('builder', 'prune', '-af');
  const fetched = async () => JSON.parse(await inside('curl', '-sS', `http://${host}:${port}/fetched`)) as Record<string, number>; // as it is written
  const before = await fetched();
  await Promise.all(names.map((name) => docker('pull', name)));
  const times = Object.entries(await fetched()).map(([digest, count]) => count - (before[digest] ?? 0));
  report({
    what: 'three images with layers in common pulled at once: fetches of a blob',
    unit: 'count',
    values: times.filter((count) => count > 0),
    reachFor: 1,
  });
}
