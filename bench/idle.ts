/**
 * What a daemon costs that has nothing to do: `bin/with-node bench/idle.ts [--parts A,B] [--seconds 20] [--runs 1] [--gantry PATH]`.
 * Each run starts one from nothing in a network and mount namespace of its own and prints a line of JSON:
 * - `up_ms`: `gantry up --detach` until it answers; `startup_ms`: the daemon's own share of it
 * - `pss_kb`, `rss_kb`, `private_dirty_kb`, `threads`: at the end. This script runs on the same Node.js, whose pages count half
 *   for each; `pss_alone_kb` is what the daemon would have if nothing else did
 * - `cpu_ticks`, `cpu_percent`: user and system time of the process, over `seconds`
 */
import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openNamespaces } from '../test/support/namespaces.ts';
import { output, run } from '../test/support/run.ts';

/** What is left of the start (compiling, first lists) is no part of idling. */
const SETTLE_MS = 3_000;
const TICKS_PER_SECOND = 100;

const { values } = parseArgs({
  options: {
    parts: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    runs: { type: 'string', default: '1' },
    gantry: { type: 'string', default: resolve(import.meta.dirname, '../bin/gantry') },
  },
});
const seconds = Number(values.seconds);
const runs = Number(values.runs);
if (!(seconds > 0) || !(runs > 0)) throw new Error('--seconds and --runs must be numbers above 0');
for (let number = 0; number < runs; number += 1) process.stdout.write(`${JSON.stringify(await measure())}\n`);

async function measure(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-idle-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const namespaces = stack.use(await openNamespaces());
  const environment = { ...process.env, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig'), DOCKER_CONFIG: join(folder, 'docker') };
  const directories = ['--data-dir', join(folder, 'data'), '--run-dir', join(folder, 'run')];
  const gantry = (...words: string[]) => output(run(namespaces.enter([values.gantry, ...words, ...directories]), { environment }));
  const began = performance.now();
  const said = await gantry('up', '--detach', ...(values.parts === undefined ? [] : ['--parts', values.parts]));
  const up_ms = Math.round(performance.now() - began);
  stack.defer(async () => void (await gantry('down', '--purge')));
  const { pid, parts } = JSON.parse(await gantry('status', '-o', 'json')) as { pid: number; parts: object };
  await sleep(SETTLE_MS);
  const ticksBefore = await ticksOf(pid);
  await sleep(seconds * 1_000);
  const cpu_ticks = (await ticksOf(pid)) - ticksBefore;
  return {
    bench: 'idle',
    parts: Object.keys(parts),
    up_ms,
    startup_ms: Math.round(Number(/up in ([\d.]+) s/.exec(said)?.[1]) * 1_000),
    ...(await memoryOf(pid)),
    seconds,
    cpu_ticks,
    cpu_percent: Number(((cpu_ticks / TICKS_PER_SECOND / seconds) * 100).toFixed(2)),
  };
}

/** proc_pid_stat(5): fields 14 and 15, counted after the name, which may hold anything. */
async function ticksOf(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** smaps is what /proc says of each mapping (proc_pid_smaps(5)). */
async function memoryOf(pid: number): Promise<object> {
  const [maps, status, program] = await Promise.all([
    readFile(`/proc/${pid}/smaps`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
    readlink(`/proc/${pid}/exe`),
  ]);
  const sum = (text: string, name: string) => [...text.matchAll(new RegExp(`^${name}:\\s+(\\d+)`, 'gm'))].reduce((total, match) => total + Number(match[1]), 0);
  const ofProgram = maps
    .split(/^(?=[\da-f]+-[\da-f]+ )/m)
    .filter((mapping) => mapping.split('\n')[0]?.endsWith(` ${program}`))
    .join('');
  const pss_kb = sum(maps, 'Pss');
  return {
    pss_kb,
    pss_alone_kb: pss_kb + sum(ofProgram, 'Rss') - sum(ofProgram, 'Pss'),
    rss_kb: sum(maps, 'Rss'),
    private_dirty_kb: sum(maps, 'Private_Dirty'),
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
  };
}
