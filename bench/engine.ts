import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { closePlace, makePlace, openEngine, shell } from '../src/engine/engine.testing.ts';
import type { Engine } from '../src/engine/types.ts';

// What the engine's operations take, as JSON lines: `bin/with-node bench/engine.ts [ROUNDS]`. Needs root. Runs itself again
// in a network and a mount namespace of its own, so that nothing of it is seen outside.

const INSIDE = 'GANTRY_BENCH_NAMESPACE';
const [WARM_UP_ROUNDS, EXEC_ROUNDS, AT_ONCE] = [3, 20, 20];

if (process.env[INSIDE] === undefined) {
  const { status } = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, import.meta.filename, ...process.argv.slice(2)], {
    env: { ...process.env, [INSIDE]: '1' },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else await main(Number(process.argv[2] ?? 40));

async function main(rounds: number): Promise<void> {
  spawnSync('ip', ['link', 'set', 'lo', 'up']);
  // Who reads the figures may have read enough: what was made is still taken away.
  process.stdout.on('error', () => void (process.exitCode = 1));
  const place = makePlace();
  const opened = await openEngine(place);
  try {
    await benchRuns(opened.engine, rounds);
    await benchExecs(opened.engine);
    await benchAtOnce(opened.engine);
  } finally {
    await opened.stop();
    await closePlace(place);
  }
}

/** A phase's figures as one line. */
function report(phase: string, times_ms: readonly number[]): void {
  const sorted = times_ms.toSorted((a, b) => a - b);
  const at = (part: number) => Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0).toFixed(2));
  process.stdout.write(`${JSON.stringify({ phase, rounds: sorted.length, median_ms: at(0.5), min_ms: at(0), p90_ms: at(0.9), max_ms: at(1) })}\n`);
}

/** `true` on the default bridge, and as `docker run --rm` does it: attached, removing itself. */
async function benchRuns({ containers }: Engine, rounds: number): Promise<void> {
  const phases = ['create', 'start', 'wait', 'remove'];
  const times: number[][] = [...phases, 'together', 'attached run --rm'].map(() => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    const marks = [performance.now()];
    const { id } = await containers.create({ ...shell(''), command: ['true'] });
    marks.push(performance.now());
    await containers.start(id);
    marks.push(performance.now());
    await containers.wait(id, 'not-running');
    marks.push(performance.now());
    await containers.remove(id);
    marks.push(performance.now());
    const attached_ms = await attachedRun(containers);
    if (round < 0) continue;
    phases.forEach((_, index) => times[index]?.push((marks[index + 1] ?? 0) - (marks[index] ?? 0)));
    times[phases.length]?.push((marks.at(-1) ?? 0) - (marks[0] ?? 0));
    times[phases.length + 1]?.push(attached_ms);
  }
  [...phases, 'together', 'attached run --rm'].forEach((phase, index) => report(phase, times[index] ?? []));
}

async function attachedRun(containers: Engine['containers']): Promise<number> {
  const begun = performance.now();
  const { id } = await containers.create({ ...shell(''), command: ['true'], autoRemove: true });
  const streams = await containers.attach(id, { stdin: false, stdout: true, stderr: true });
  const removed = containers.wait(id, 'removed');
  await containers.start(id);
  streams.stdout.resume();
  streams.stderr?.resume();
  await removed;
  return performance.now() - begun;
}

async function benchExecs({ containers, execs }: Engine): Promise<void> {
  const { id } = await containers.create(shell('sleep 1000'));
  await containers.start(id);
  const times: number[] = [];
  for (let round = -WARM_UP_ROUNDS; round < EXEC_ROUNDS; round += 1) {
    const begun = performance.now();
    const streams = await execs.start(await execs.create(id, { command: ['true'] }));
    streams.stdout.resume();
    streams.stderr?.resume();
    await streams.exited;
    if (round >= 0) times.push(performance.now() - begun);
  }
  report('exec', times);
  await containers.remove(id, { force: true });
}

/** Many at once, and the memory of what stands beside each of them. */
async function benchAtOnce({ containers }: Engine): Promise<void> {
  for (const round of ['20 at once', '20 at once again']) {
    const begun = performance.now();
    const ids = await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        const { id } = await containers.create(shell('sleep 1000'));
        await containers.start(id);
        return id;
      }),
    );
    report(round, [performance.now() - begun]);
    const kilobytes = ids.map((id) => monitorMemory_KiB(id)).toSorted((a, b) => a - b);
    process.stdout.write(`${JSON.stringify({ phase: 'memory beside a container', median_KiB: kilobytes[AT_ONCE / 2], max_KiB: kilobytes.at(-1) })}\n`);
    const removing = performance.now();
    await Promise.all(ids.map((id) => containers.remove(id, { force: true })));
    report(`${round}: remove by force`, [performance.now() - removing]);
  }
}

/** The proportional share of memory of every process that names the container, so its monitor. */
function monitorMemory_KiB(id: string): number {
  const { stdout } = spawnSync('pgrep', ['-f', id], { encoding: 'utf8' });
  const pids = stdout.split('\n').filter(Boolean);
  const shares = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0));
  return shares.reduce((sum, share) => sum + share, 0);
}
