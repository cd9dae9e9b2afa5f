import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, test } from 'node:test';
import { systemClock } from '#kit';
import { Conversation } from '../support/conversation.ts';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';
import { seeded } from '../support/seeded.ts';

/** Spawning curl included. */
const EDIT_TAKES_MS = 60;
/** GANTRY_SEED replays a run. */
const SEED = Number(process.env['GANTRY_SEED'] ?? randomInt(2 ** 31));
const KILLS = Number(process.env['GANTRY_SOAK_KILLS'] ?? 8);

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const SERVER = ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; while :; do nc -l -p 7 -e cat; done & exec httpd -f -p 80 -h /www'] as const;
const fetch = (url: string) => docker.daemon.inside(['curl', '-sS', '--max-time', '3', url]);
const served = (port: number) => eventually(`port ${port}`, async () => (await fetch(`http://127.0.0.1:${port}/`)).stdout || undefined);
const refusedAt = async (port: number) => assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 7, `port ${port}`);
const gantry = (line: string) => docker.daemon.gantry(line.split(' '));
const ok = (line: string) => output(gantry(line));
const startedAt = () => docker.inspect('web', '{{.State.Pid}} {{.State.StartedAt}}');
/** The client rounds down to whole seconds. */
const nextSecond = async () => String(Number(await docker.inside(['date', '+%s'])) + 1);
/** Docker's own shape, by the API. */
const updateWords = (body: object) =>
  [
    '-sS',
    '--unix-socket',
    docker.daemon.dockerSocket,
    '-H',
    'content-type: application/json',
    '-d',
    JSON.stringify(body),
    'http://d/containers/web/update',
  ] as const;
const update = (body: object) => docker.inside(['curl', ...updateWords(body)]);

test('ports come and go while the container runs and a connection stands', async () => {
  await docker.run('run -d --name web --hostname web -p 7000:7 -p 80 busybox', ...SERVER);
  const before = await startedAt();
  const chosen = await docker.inspect('web', '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}');
  assert.equal(await served(Number(chosen)), 'web\n');
  await using talk = await eventually('the echo', async () => {
    const open = new Conversation(docker.daemon.spawn(['busybox', 'nc', '127.0.0.1', '7000']));
    open.type('one\n');
    await open.hears(/one\n/, 1_000);
    return open;
  });
  assert.equal(
    await ok('container port add web 8080:80 127.0.0.1:8081:80'),
    `7/tcp -> 0.0.0.0:7000\n80/tcp -> 0.0.0.0:${chosen}\n80/tcp -> 0.0.0.0:8080\n80/tcp -> 127.0.0.1:8081\n`,
  );
  for (const port of [8080, 8081, Number(chosen)]) assert.equal(await served(port), 'web\n');
  assert.match(await docker.run('ps --format', '{{.Ports}}'), /0\.0\.0\.0:8080->80\/tcp/);
  assert.match(await docker.run('port web 80'), /0\.0\.0\.0:8080\n/);
  assert.equal(await ok('container port rm web 7000:7 8080:80'), `80/tcp -> 0.0.0.0:${chosen}\n80/tcp -> 127.0.0.1:8081\n`);
  await refusedAt(8080);
  await refusedAt(7000);
  talk.type('two\n');
  await talk.hears(/two\n/);
  assert.equal(await startedAt(), before);
});

test('a crash of the daemon and a restart of the container keep the edit', async () => {
  await ok('container port add web 8082:80');
  await docker.daemon.crash();
  assert.equal(await served(8082), 'web\n');
  await docker.daemon.restart();
  assert.equal(await served(8082), 'web\n');
  assert.match(await ok('container port web'), /0\.0\.0\.0:8082/);
  await docker.run('restart -t 0 web');
  assert.equal(await served(8082), 'web\n');
  await refusedAt(8080);
  assert.equal(
    await docker.inspect('web', '{{json (index .HostConfig.PortBindings "80/tcp")}}'),
    '[{"HostIp":"","HostPort":""},{"HostIp":"127.0.0.1","HostPort":"8081"},{"HostIp":"","HostPort":"8082"}]',
  );
});

test('kill -9 at random points of an edit: it is done or it is not, on record and in the kernel alike', async (t) => {
  t.diagnostic(`GANTRY_SEED=${SEED}`);
  const random = seeded(SEED);
  const before = await docker.inspect('web', '{{json .HostConfig.PortBindings}}');
  for (let round = 0; round < KILLS; round += 1) {
    const more = round % 2 === 0 ? { '80/tcp': [{ HostPort: '8082' }, { HostPort: '9100' }] } : { '80/tcp': [{ HostPort: '8082' }] };
    const editing = docker.daemon.inside(['curl', ...updateWords({ PortBindings: more })]);
    await systemClock.sleep(random() * EDIT_TAKES_MS);
    await docker.daemon.crash();
    const answered = (await editing).stdout.includes('Warnings');
    await docker.daemon.restart();
    const listed = /0\.0\.0\.0:9100/.test(await ok('container port web'));
    if (answered) assert.equal(listed, round % 2 === 0, 'what was answered is on record');
    assert.equal((await docker.inspect('web', '{{json .HostConfig.PortBindings}}')).includes('9100'), listed);
    if (listed) assert.equal(await served(9100), 'web\n');
    else await refusedAt(9100);
    assert.equal(await served(8082), 'web\n');
  }
  assert.match(await update({ PortBindings: JSON.parse(before) }), /Warnings/);
});

test('a port in use is the same sentence as at start, and nothing is changed', async () => {
  await docker.run('run -d --name other -p 9000:80 busybox', ...SERVER);
  const before = await ok('container port web');
  for (const [port, said] of [
    ['9000', /Cannot publish port 0\.0\.0\.0:9000\/tcp: it is published for [0-9a-f]{64}; choose another port/],
    ['5000', /Cannot publish port 0\.0\.0\.0:5000\/tcp: another program listens there/],
  ] as const) {
    const { status, stderr } = await gantry(`container port add web 9001:80 ${port}:80`);
    assert.equal(status, 1);
    assert.match(stderr, said);
    assert.equal(await ok('container port web'), before);
    await refusedAt(9001);
    assert.equal(await served(8082), 'web\n');
  }
  assert.match(
    await update({ PortBindings: { '80/tcp': [{ HostPort: '9002' }], '81/tcp': [{ HostPort: '9002' }] } }),
    /Cannot publish port 0\.0\.0\.0:9002\/tcp: it is published for 80\/tcp of the same container/,
  );
  assert.equal(await docker.run('run --rm -p 9001:80 busybox echo free'), 'free\n');
  await docker.run('rm -f other');
});

test('the whole set in the shape of the API, moved from one address to all; events; what is no port is refused', async () => {
  assert.deepEqual(JSON.parse(await update({ PortBindings: { '80/tcp': [{ HostPort: '8081' }] } })), { Warnings: [] });
  assert.equal(await ok('container port web'), '80/tcp -> 0.0.0.0:8081\n');
  assert.equal((await fetch('http://192.0.2.10:8081/')).stdout, 'web\n');
  assert.deepEqual(JSON.parse(await update({ PortBindings: { '80/tcp': [{ HostPort: '8081' }] }, Memory: 64 * 2 ** 20 })), { Warnings: [] });
  assert.deepEqual(JSON.parse(await update({ Memory: 65 * 2 ** 20 })), { Warnings: [] });
  assert.equal(await served(8081), 'web\n');
  assert.match(await docker.run('events --since 1m --until', await nextSecond(), '--filter', 'event=update'), /ports=0\.0\.0\.0:8081->80\/tcp/);
  assert.match(await update({ PortBindings: { x: [{}] } }), /invalid port specification: \\"x\\"/);
  assert.match(await update({ PortBindings: { '80/tcp': [{ HostIp: '198.51.100.1', HostPort: '1' }] } }), /this machine has no such address/);
  assert.deepEqual(JSON.parse(await update({ PortBindings: {} })), { Warnings: [] });
  await refusedAt(8081);
  assert.match((await gantry('container port rm web 8081:80')).stderr, /80\/tcp is not published/);
});

test('a stopped container has its ports at its next start; one without a network of its own has none', async () => {
  assert.match(
    await docker.refused('run --name twice -p 9003:80 -p 9003:81 busybox true'),
    /Cannot publish port 0\.0\.0\.0:9003\/tcp: it is published for 8[01]\/tcp of the same container/,
  );
  await docker.run('rm twice');
  await docker.run('stop -t 0 web');
  await ok('container port add web 8083:80');
  await refusedAt(8083);
  await docker.run('start web');
  assert.equal(await served(8083), 'web\n');
  await docker.run('run -d --name lonely --network none busybox', ...SERVER);
  assert.match((await gantry('container port add lonely 1:1')).stderr, /network mode none has no ports to publish/);
  await docker.run('rm -f web lonely');
});
