import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Docker, LASTING } from '../support/docker.ts';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';

const docker = new Docker(await startTestDaemon(['--parts', 'engine']));
after(() => docker[Symbol.asyncDispose]());
await docker.feed(busyboxTar(), 'import - busybox');

const SERVE = ['sh', '-c', 'mkdir -p /www; hostname > /www/name; exec httpd -f -h /www -p 80'];
const state = (name: string) => docker.inspect(name, '{{.State.Status}} {{.State.ExitCode}}');
const address = (name: string, network: string) => docker.inspect(name, `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
const answers = (place: string, name: string) =>
  eventually(`${name} to answer on ${place}`, async () => (await docker.inside(['curl', '-s', '-m', '2', `http://${place}/name`])) === `${name}\n`);

test('after a reboot those run whose policy says so, where they were, and no others', async () => {
  await docker.run('network create --subnet 172.27.0.0/24 inner');
  await docker.run('run -d --name always --hostname always --restart always -p 8081:80 -v kept:/kept busybox', ...SERVE);
  await docker.run('run -d --name unless --hostname unless --restart unless-stopped --network inner --ip 172.27.0.77 -p 192.0.2.10:8082:80 busybox', ...SERVE);
  await docker.run('run -d --name failing --restart on-failure:3 busybox', ...LASTING);
  await docker.run('run -d --name stopped --restart unless-stopped -p 8083:80 busybox', ...SERVE);
  await docker.run('run -d --name plain -p 8084:80 busybox', ...SERVE);
  await docker.run('run -d --rm --name passing busybox', ...LASTING);
  await docker.run('run --name over --restart on-failure busybox true');
  await docker.run('create --name never --restart always busybox true');
  await docker.run('exec always sh -c', 'echo before > /kept/word');
  await docker.run('stop -t 1 stopped');
  await docker.run('logs always');
  const stoppedBefore = await state('stopped');

  await docker.daemon.reboot();

  await eventually('always, unless-stopped and on-failure to run', async () => {
    const names = await docker.run('ps --filter status=running --format {{.Names}}');
    return ['always', 'failing', 'unless'].every((name) => names.includes(name));
  });
  assert.deepEqual((await docker.run('ps --format {{.Names}}')).trim().split('\n').sort(), ['always', 'failing', 'unless']);
  assert.equal(await state('stopped'), stoppedBefore);
  assert.equal(await state('plain'), 'exited 255');
  assert.equal(await state('over'), 'exited 0');
  assert.equal(await state('never'), 'created 0');
  assert.doesNotMatch(await docker.run('ps -a --format {{.Names}}'), /passing/);
  assert.match(await docker.run('ps -a --filter name=plain --format {{.Status}}'), /^Exited \(255\)/);
});

test('addresses, ports, names and volumes are right again', async () => {
  assert.equal(await address('unless', 'inner'), '172.27.0.77');
  assert.match(await address('always', 'bridge'), /^10\.88\.\d+\.\d+$/);
  assert.notEqual(await address('always', 'bridge'), await address('failing', 'bridge'));
  assert.equal(await docker.run('port always'), '80/tcp -> 0.0.0.0:8081\n');
  assert.equal(await docker.run('port unless'), '80/tcp -> 192.0.2.10:8082\n');
  await answers('127.0.0.1:8081', 'always');
  await answers('192.0.2.10:8081', 'always');
  await answers('192.0.2.10:8082', 'unless');
  await answers(await address('always', 'bridge'), 'always');
  assert.equal(await docker.run('run --rm --network inner busybox wget -qO- http://unless/name'), 'unless\n');
  assert.equal(await docker.run('exec always cat /kept/word'), 'before\n');
  for (const port of [8083, 8084]) assert.notEqual((await docker.daemon.inside(['curl', '-s', '-m', '2', `http://127.0.0.1:${port}/name`])).status, 0);
});

test('the ones that were left out start by hand, on their ports', async () => {
  await docker.run('start plain stopped');
  await answers('127.0.0.1:8083', await docker.inspect('stopped', '{{.Config.Hostname}}'));
  await answers('127.0.0.1:8084', await docker.inspect('plain', '{{.Config.Hostname}}'));
});

test('a second reboot finds the same, and a container that the user started again counts as running', async () => {
  await docker.daemon.reboot();
  await eventually('four to run', async () => (await docker.run('ps -q --filter status=running')).trim().split('\n').length === 4);
  assert.deepEqual((await docker.run('ps --format {{.Names}}')).trim().split('\n').sort(), ['always', 'failing', 'stopped', 'unless']);
  await answers('127.0.0.1:8081', 'always');
  await answers('127.0.0.1:8083', await docker.inspect('stopped', '{{.Config.Hostname}}'));
  await docker.run('rm -f always unless failing stopped plain over never');
  const left = await docker.footprint();
  assert.deepEqual([left.namespaces, left.groups], [[], []]);
});
