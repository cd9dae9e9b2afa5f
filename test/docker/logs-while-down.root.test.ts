import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '#kit';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { seeded } from '../support/seeded.ts';

/** A sample, or as many as a soak asks for; GANTRY_SEED replays a run. */
const KILLS = Number(process.env['GANTRY_SOAK_KILLS'] ?? 6);
const SEED = Number(process.env['GANTRY_SEED'] ?? randomInt(2 ** 31));

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const shared = join(docker.daemon.folder, 'shared');
await mkdir(shared);

const numbers = (text: string) => text.split('\n').filter(Boolean).map(Number);
const following = (list: readonly number[]) => list.every((number, index) => index === 0 || number === (list[index - 1] ?? 0) + 1);

async function logSizes(name: string): Promise<readonly number[]> {
  const folder = join(await docker.inspect(name, '{{.LogPath}}'), '..');
  const names = (await readdir(folder)).filter((each) => each.startsWith('container.log'));
  return await Promise.all(names.map(async (each) => (await stat(join(folder, each))).size));
}

test('a log that grew while no daemon ran is brought within its bounds by the next start, and goes on', async () => {
  const writes =
    'echo 0; while [ ! -e /shared/go ]; do sleep 0.02; done; seq 1 20000; touch /shared/written; while [ ! -e /shared/on ]; do sleep 0.02; done; seq 20001 20100';
  await docker.run(`run -d --name grows -v ${shared}:/shared --log-opt max-size=20k --log-opt max-file=3 busybox sh -c`, `${writes}; exec sleep 1000`);
  await docker.daemon.crash();
  await writeFile(join(shared, 'go'), '');
  await eventually('all to be written', () => stat(join(shared, 'written')));
  await docker.daemon.restart();
  const sum = async () => (await logSizes('grows')).reduce((total, size) => total + size, 0);
  await eventually('the log to be within its bounds', async () => (await sum()) <= 60_000);
  await writeFile(join(shared, 'on'), '');
  await eventually('the last line', async () => (await docker.run('logs --tail 1 grows')) === '20100\n');
  const left = numbers(await docker.run('logs grows'));
  assert.ok(left.length > 400 && following(left), `${left.length} lines from ${left[0]}`);
  assert.ok((await sum()) <= 65_000);
  await docker.run('rm -f grows');
});

test(`${KILLS} kills of the daemon lose no line of a container that writes, whatever its rotation was about (GANTRY_SEED=${SEED})`, async () => {
  const random = seeded(SEED);
  await docker.run(
    'run -d --name writer --log-opt max-size=10k --log-opt max-file=1000 busybox sh -c',
    'i=0; while :; do i=$((i+1)); echo $i; [ $((i % 50)) = 0 ] && sleep 0.01; done',
  );
  for (let kill = 0; kill < KILLS; kill += 1) {
    await systemClock.sleep(Math.floor(random() * 200)); // the moment is what is drawn
    await docker.daemon.crash();
    await docker.daemon.restart();
  }
  await docker.run('kill writer');
  const lines = numbers(await docker.run('logs writer'));
  assert.ok(lines.length > 1000 && lines[0] === 1 && following(lines), `${lines.length} lines`);
  await docker.run('rm writer');
});
