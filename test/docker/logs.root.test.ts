import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const BOUNDED = ['--log-opt', 'max-size=20k', '--log-opt', 'max-file=3'] as const;
/** Lines of 50 characters, numbered; one in so many has a rest behind it. */
const counting = (from: number, to: number) =>
  `i=${from}; while [ $i -le ${to} ]; do printf "%08d........................................\\n" $i; i=$((i+1)); done`;
const numbers = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.endsWith('.'))
    .map((line) => Number(line.slice(0, 8)));
const following = (list: readonly number[]) => list.every((number, index) => index === 0 || number === (list[index - 1] ?? 0) + 1);

async function logFiles(name: string): Promise<readonly { readonly name: string; readonly size: number }[]> {
  const path = await docker.inspect(name, '{{.LogPath}}');
  const folder = join(path, '..');
  const names = (await readdir(folder)).filter((each) => each.startsWith('container.log')).sort();
  return await Promise.all(names.map(async (each) => ({ name: each, size: (await stat(join(folder, each))).size })));
}

test('a log with max-size and max-file stays within them, and what is left is whole', async () => {
  const slowly = `for part in $(seq 0 19); do ${counting(0, 0).replace('i=0', 'i=$((part*100+1))').replace('-le 0', '-le $((part*100+100))')}; sleep 0.03; done`;
  const seen = numbers(await docker.run('run --name bounded', ...BOUNDED, 'busybox', 'sh', '-c', slowly));
  assert.equal(seen.length, 2000);
  const files = await logFiles('bounded');
  assert.ok(files.length <= 3 && files.length >= 2, JSON.stringify(files));
  assert.ok(files.reduce((sum, { size }) => sum + size, 0) < 120_000, JSON.stringify(files));
  const left = numbers(await docker.run('logs bounded'));
  assert.ok(left.length > 200 && following(left), `${left.length} lines`);
  assert.equal(left.at(-1), 2000);
  assert.deepEqual(numbers(await docker.run('logs --tail 350 bounded')), left.slice(-350), 'the tail reaches over files');
  assert.deepEqual(numbers(await docker.run('logs --tail 3 bounded')), [1998, 1999, 2000]);
  const times = (await docker.run('logs -t bounded'))
    .trim()
    .split('\n')
    .map((line) => line.split(' ', 1)[0] ?? '');
  const middle = times[Math.floor(times.length / 2)] ?? '';
  const since = numbers(await docker.run('logs --since', middle, 'bounded'));
  assert.ok(since.length >= Math.floor(left.length / 2) && since.length < left.length && following(since), `${since.length} of ${left.length}`);
  assert.equal(await docker.inspect('bounded', '{{json .HostConfig.LogConfig}}'), '{"Type":"json-file","Config":{"max-file":"3","max-size":"20k"}}');
  await docker.run('rm bounded');
});

test('who follows reads every line, however often the log is rotated', async () => {
  const paced = `read go; for part in $(seq 0 39); do i=$((part*50+1)); while [ $i -le $((part*50+50)) ]; do printf "%08d........................................\\n" $i; i=$((i+1)); done; sleep 0.02; done`;
  await docker.run('run -d -i --name followed --log-opt max-size=20k --log-opt max-file=8 busybox sh -c', paced);
  await using follower = docker.open('logs -f followed');
  await docker.feed('go\n', 'attach followed');
  await docker.run('wait followed');
  await follower.hears(/00002000\.+\n/);
  const got = numbers(follower.heard);
  assert.equal(got.length, 2000);
  assert.ok(following(got));
  assert.ok((await logFiles('followed')).length > 4);
  await docker.run('rm followed');
});

test('max-file 1 keeps one file, and local has bounds of its own', async () => {
  await docker.run('run --name single --log-opt max-size=10k busybox sh -c', `${counting(1, 400)}; sleep 0.3; ${counting(401, 500)}`);
  await eventually('one file', async () => (await logFiles('single')).length === 1);
  assert.equal(numbers(await docker.run('logs single')).at(-1), 500);
  assert.equal(await docker.run('run --name local --log-driver local busybox echo said'), 'said\n');
  assert.equal(await docker.run('logs local'), 'said\n');
  assert.equal(await docker.inspect('local', '{{.HostConfig.LogConfig.Type}}'), 'local');
  await docker.run('rm single local');
});

test('a log goes on over kill -9 of the daemon, and no line is lost', async () => {
  const lasting = `i=1; while :; do printf "%08d........................................\\n" $i; i=$((i+1)); [ $((i%50)) = 0 ] && sleep 0.01; done`;
  await docker.run('run -d --name lasting --log-opt max-size=50k --log-opt max-file=500 busybox sh -c', lasting);
  for (let round = 0; round < 3; round += 1) {
    const before = (await logFiles('lasting')).length;
    await eventually('a rotation', async () => (await logFiles('lasting')).length > before);
    await docker.daemon.crash();
    await docker.daemon.restart();
  }
  const before = (await logFiles('lasting')).length;
  await eventually('a rotation by the new daemon', async () => (await logFiles('lasting')).length > before + 1);
  await docker.run('stop -t 0 lasting');
  const all = numbers(await docker.run('logs lasting'));
  assert.equal(all[0], 1);
  assert.ok(all.length > 1000 && following(all), `${all.length} lines`);
  await docker.run('rm lasting');
});

test('none keeps nothing, and says so', async () => {
  assert.equal(await docker.run('run --name quiet --log-driver none busybox echo said'), 'said\n');
  assert.match(await docker.refused('logs quiet'), /configured logging driver does not support reading/);
  assert.equal(await docker.inspect('quiet', '{{.HostConfig.LogConfig.Type}} {{.LogPath}}'), 'none');
  await docker.run('rm quiet');
});

test('details show what the options name', async () => {
  await docker.run('run --name told --label a=1 --label b=2 -e C=3 --log-opt labels=a --log-opt env=C,D busybox echo said');
  assert.equal(await docker.run('logs --details told'), 'C=3,a=1 said\n');
  await docker.run('rm told');
});

for (const [line, said] of [
  ['--log-opt max-size=many', /max-size: "many"/],
  ['--log-opt max-file=0', /max-file: "0"/],
  ['--log-opt max-file=3', /max-size must be given too/],
  ['--log-opt max-size=1m --log-opt colour=red', /log opt 'colour'/],
  ['--log-driver syslog', /syslog.*use json-file, local or none/],
] as const)
  test(`${line} is refused`, async () => {
    assert.match(await docker.refused(`run ${line} busybox true`), said);
    assert.equal(await docker.run('ps -aq'), '');
  });

test('a log without bounds is one file', async () => {
  await docker.run('run -d --name plain busybox', ...LASTING);
  await eventually('a line', async () => (await docker.run('logs plain')) === 'ready\n');
  assert.deepEqual(
    (await logFiles('plain')).map(({ name }) => name),
    ['container.log'],
  );
  await docker.run('rm -f plain');
});
