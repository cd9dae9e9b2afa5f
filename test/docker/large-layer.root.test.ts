import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';

/** `npm run soak` takes 2 GB. */
const LAYER_MB = Number(process.env['GANTRY_SOAK_LAYER_MB'] ?? 64);
const MORE_MB_MAX = 150;
const PORT = 5055;
const SAMPLE_MS = 50;
const TIMEOUT = { timeout_ms: 900_000 };

const docker = await startDocker();
const at = (name: string) => join(docker.daemon.folder, name);
const registry = await startDockerRegistry(docker.daemon.folder, PORT, (command) => docker.daemon.spawn(command));
after(async () => {
  await registry[Symbol.asyncDispose]();
  await docker[Symbol.asyncDispose]();
});

/** Memory of the daemon with its threads and the programs that it runs, each page counted once. */
async function pss_MB(): Promise<number> {
  const kilobytes = await Promise.all((await family(docker.daemon.pid)).map(pssOf));
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

async function family(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const children = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')));
  const inner = await Promise.all(
    children
      .join(' ')
      .split(' ')
      .filter(Boolean)
      .map((child) => family(Number(child))),
  );
  return [pid, ...inner.flat()];
}

/** None of a process that has just ended. */
async function pssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}

const peaks: string[] = [];
async function measured(what: string, idle_MB: number, task: () => Promise<unknown>): Promise<void> {
  let [peak_MB, isOver] = [0, false];
  const begun = performance.now();
  const watching = (async () => {
    while (!isOver) {
      peak_MB = Math.max(peak_MB, await pss_MB());
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
    }
  })();
  try {
    await task();
  } finally {
    isOver = true;
    await watching;
  }
  const more_MB = Math.round(peak_MB - idle_MB);
  peaks.push(`${what}: ${more_MB} MB more than idle (${Math.round(peak_MB)}), ${((performance.now() - begun) / 1_000).toFixed(1)} s`);
  assert.ok(more_MB < MORE_MB_MAX, peaks.at(-1));
}

const run = (...words: readonly string[]) => docker.inside(['docker', ...words], TIMEOUT);

test(`a layer of ${LAYER_MB} MB comes and goes in little memory`, async (t) => {
  const image = `${registry.host}/large:1`;
  await docker.inside(
    ['sh', '-c', `head -c ${LAYER_MB}M /dev/urandom > "$HOME/large" && tar -C "$HOME" -cf "$HOME/large.tar" large && rm "$HOME/large"`],
    TIMEOUT,
  );
  const idle_MB = await pss_MB();
  try {
    await measured('import', idle_MB, () => run('import', at('large.tar'), image));
    await rm(at('large.tar'));
    await measured('save', idle_MB, () => run('save', '-o', at('saved.tar'), image));
    await measured('push', idle_MB, () => run('push', '-q', image));
    await run('rmi', image);
    await measured('load', idle_MB, () => run('load', '-q', '-i', at('saved.tar')));
    await run('rmi', image);
    await rm(at('saved.tar'));
    await measured('pull', idle_MB, () => run('pull', '-q', image));
    await measured('cp out', idle_MB, async () => {
      await run('create', '--name', 'large', image, '/none');
      await docker.inside(['sh', '-c', 'docker cp large:/large - > "$HOME/large.tar"'], TIMEOUT);
    });
    await measured('cp in', idle_MB, () => docker.inside(['sh', '-c', 'docker cp - large:/ < "$HOME/large.tar"'], TIMEOUT));
  } finally {
    for (const line of [`idle: ${Math.round(idle_MB)} MB`, ...peaks]) t.diagnostic(line);
  }
});
