import { readdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { eventually } from '../test/support/eventually.ts';
import { output } from '../test/support/run.ts';
import { type Footprint, footprintOf } from './support/footprint.ts';
import { apiOf, openGantry } from './support/peers.ts';
import { pss_bytes } from './support/processes.ts';
import { report } from './support/report.ts';

// Many containers that run at once: how long they take to start and to end, what each costs, and whether names and ports still answer, as JSON
// lines: `bin/with-node bench/many.ts [--count 200]`. Ends with 1 when anything is left. Needs root and docker.

const { values } = parseArgs({ options: { count: { type: 'string', default: '200' } } });
const count = Number(values.count);
if (!(count > 2)) throw new Error('--count must be a number above 2');

await using peer = await openGantry({ probed: true });
const api = apiOf(peer);
await peer.docker('run', '--rm', 'busybox', 'true');
await peer.docker('network', 'create', 'lan');
await peer.docker('run', '--rm', '--network', 'lan', 'busybox', 'true');
const before = await footprintOf(peer);
const names = Array.from({ length: count }, (_, index) => `many-${index}`);
const every = async (task: (name: string, index: number) => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await Promise.all(names.map(task));
  return performance.now() - begun;
};
const serve = ['sh', '-c', 'echo here > /index.html; exec httpd -f -p 80'];
/** The first has a published port; the last are on a network with names. */
const bodyOf = (index: number) => ({
  Image: 'busybox',
  Cmd: index === 0 || index === count - 1 ? serve : ['sleep', '10000'],
  HostConfig: { NetworkMode: index >= count - 2 ? 'lan' : 'bridge', ...(index === 0 ? { PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } : {}) },
});
const start = async (name: string, index: number) => {
  await api.call('POST', `/containers/create?name=${name}`, bodyOf(index));
  await api.call('POST', `/containers/${name}/start`);
};

report({ what: `${count} containers created and started at once`, unit: 'ms', values: [await every(start)] });
const idle = await footprintOf(peer);
const monitors = await monitorsOf(peer.folder);
report({ what: 'monitors', unit: 'processes', values: [monitors.length], reachFor: count });
report({ what: 'memory of a monitor', unit: 'MB', values: (await Promise.all(monitors.map(pss_bytes))).map((bytes) => bytes / 1e6), reachFor: 1.2 });
report({ what: 'what the daemon grew by, each container', unit: 'MB', values: [(idle.pss_MB - before.pss_MB) / count] });
await eventually('the published port', async () => (await output(peer.inside(['curl', '-sS', 'http://127.0.0.1:8080/']))) === 'here\n');
const named = await peer.docker('exec', `many-${count - 2}`, 'wget', '-qO-', `http://many-${count - 1}/`);
if (named !== 'here\n') throw new Error(`a name leads to ${named}`);
report({ what: `docker ps with ${count} running`, unit: 'ms', values: [await timed(() => peer.docker('ps'))] });
report({
  what: `${count} containers ended by stop and removed at once`,
  unit: 'ms',
  values: [await every((name) => api.call('POST', `/containers/${name}/stop?t=0`).then(() => api.call('DELETE', `/containers/${name}`)))],
});

// Its connections are kept for more requests.
api[Symbol.dispose]();
const left = await eventually('nothing to be left', async () => {
  const now = await footprintOf(peer);
  return leftOver(now).length === 0 && [];
}).catch(async () => leftOver(await footprintOf(peer)));
process.stdout.write(`${JSON.stringify({ what: 'left over', left })}\n`);
if (left.length > 0) process.exitCode = 1;

function leftOver(now: Footprint): readonly string[] {
  const kinds = ['openFiles', 'mounts', 'interfaces', 'cgroups', 'namespaces', 'processes'] as const;
  return kinds.filter((kind) => now[kind] > before[kind]).map((kind) => `${kind}: ${before[kind]} -> ${now[kind]}`);
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
}

async function monitorsOf(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''); // it may have ended
    if (words.startsWith('/usr/bin/conmon\0') && words.includes(folder)) found.push(Number(name));
  }
  return found;
}
