import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemClock } from '#kit';
import { LASTING, startDocker } from '../support/docker.ts';
import { seeded } from '../support/seeded.ts';
import { eventually } from '../support/eventually.ts';

/** A sample, or as many as a soak asks for; GANTRY_SEED replays a run. */
const KILLS = Number(process.env['GANTRY_SOAK_KILLS'] ?? 10);
const SEED = Number(process.env['GANTRY_SEED'] ?? randomInt(2 ** 31));

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const { daemon } = docker;
const shared = join(daemon.folder, 'shared');
await mkdir(shared);

const gone = (pid: string) => eventually(`process ${pid} to end`, () => !existsSync(`/proc/${pid}`));
const fetch = async (url: string) => (await daemon.inside(['curl', '-sS', '--max-time', '3', url])).stdout;

test('while the daemon is dead containers serve and end, and after its start it knows how', async () => {
  await docker.run('network create lan');
  await docker.run('run -d --name web --network lan -p 8080:80 busybox sh -c', 'echo web > /index.html; exec httpd -f -p 80 -h /');
  await docker.run('run -d --name peer --network lan busybox', ...LASTING);
  await docker.run(`run -d --name job -v ${shared}:/shared busybox sh -c`, 'echo begun; while [ ! -e /shared/go ]; do sleep 0.05; done; echo finished; exit 7');
  await docker.run(`run -d --name phoenix --restart always busybox`, ...LASTING);
  await docker.run(
    `run -d --name talker -v ${shared}:/shared busybox sh -c`,
    'echo one; while [ ! -e /shared/go ]; do sleep 0.05; done; echo two; while :; do sleep 0.05; done',
  );
  await docker.run(`run -d --rm --name fleeting -v ${shared}:/shared busybox sh -c`, 'while [ ! -e /shared/go ]; do sleep 0.05; done');
  await eventually('the server', async () => (await fetch('http://127.0.0.1:8080/')) === 'web\n');
  const [jobPid, phoenixPid, fleetingPid, webPid] = await Promise.all(
    ['job', 'phoenix', 'fleeting', 'web'].map((name) => docker.inspect(name, '{{.State.Pid}}')),
  );
  await daemon.crash();
  assert.equal(await fetch('http://127.0.0.1:8080/'), 'web\n');
  assert.equal(await fetch('http://192.0.2.10:8080/'), 'web\n');
  await writeFile(join(shared, 'go'), '');
  await docker.inside(['kill', '-9', phoenixPid ?? '']);
  for (const pid of [jobPid, phoenixPid, fleetingPid]) await gone(pid ?? '');
  await daemon.restart();
  assert.equal(await docker.inspect('job', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 7');
  assert.equal(await docker.run('logs job'), 'begun\nfinished\n');
  assert.equal(await docker.run('logs talker'), 'one\ntwo\n');
  assert.equal(await docker.inspect('web', '{{.State.Status}} {{.State.Pid}}'), `running ${webPid}`);
  await eventually('the policy', async () => (await docker.inspect('phoenix', '{{.State.Running}}')) === 'true');
  await eventually('what removes itself', async () => (await docker.outcome('inspect fleeting')).status !== 0);
  assert.equal(await fetch('http://127.0.0.1:8080/'), 'web\n');
  assert.equal(await docker.run('exec peer wget -qO- http://web/'), 'web\n');
  assert.match(await docker.refused('run --name clash -p 8080:80 busybox true'), /Cannot publish port 0\.0\.0\.0:8080/);
  assert.equal(await docker.run('run --rm --network lan busybox wget -qO- http://web/'), 'web\n');
  assert.match(await docker.run('stats --no-stream --format', '{{.Name}}'), /web/);
  const waiting = docker.run('wait peer');
  await docker.run('stop peer');
  assert.equal(await waiting, '0\n');
  await docker.run('rm -f web peer job phoenix talker clash');
  await docker.run('network rm lan');
});

test('with the daemon start again those that are to: always, and unless-stopped when nobody stopped them', async () => {
  for (const name of ['always', 'unless-stopped', 'stopped-always', 'stopped-unless'])
    await docker.run(
      `run -d --name ${name} --restart ${name.replace('stopped-always', 'always').replace('stopped-unless', 'unless-stopped')} busybox`,
      ...LASTING,
    );
  await docker.run('stop stopped-always stopped-unless');
  await docker.run('run -d --name well --health-cmd true --health-interval 100ms busybox', ...LASTING);
  const pids = await Promise.all(['always', 'unless-stopped'].map((name) => docker.inspect(name, '{{.State.Pid}}')));
  await daemon.crash();
  for (const pid of pids) await docker.inside(['kill', '-9', pid]);
  for (const pid of pids) await gone(pid);
  await daemon.restart();
  await eventually('all that are to', async () => (await docker.run('ps --format', '{{.Names}}')).split('\n').filter(Boolean).length === 4);
  assert.deepEqual((await docker.run('ps --format', '{{.Names}}')).trim().split('\n').sort(), ['always', 'stopped-always', 'unless-stopped', 'well']);
  await eventually('the next health check', async () => (await docker.inspect('well', '{{.State.Health.Status}}')) === 'healthy');
  await docker.run('rm -f always unless-stopped stopped-always stopped-unless well');
});

test(`${KILLS} kills in the middle of docker run, build and push leave nothing half made (GANTRY_SEED=${SEED})`, async () => {
  const random = seeded(SEED);
  const before = await docker.baseline();
  const images = await docker.run('images -aq');
  const context = join(daemon.folder, 'killed');
  await mkdir(context);
  const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
    run: () => docker.outcome('run --rm -p 8080:80 -v /anonymous busybox echo hello'),
    start: () => docker.outcome('run -d --network bridge busybox', ...LASTING),
    build: async () => {
      await writeFile(join(context, 'Dockerfile'), `FROM busybox\nCOPY . /here\nRUN echo ${random()} > /made\nRUN cat /made\n`);
      return await docker.outcome(`build -t built ${context}`);
    },
    push: async () => {
      await docker.outcome('tag busybox myregistry/killed:1');
      return await docker.outcome('push myregistry/killed:1');
    },
    commit: async () => {
      await docker.outcome('create --name changed busybox true');
      return await docker.outcome('commit changed built');
    },
    'network connect': async () => {
      await docker.outcome('network create lan');
      await docker.outcome('run -d --name member busybox', ...LASTING);
      return await docker.outcome('network connect lan member');
    },
    'volume create': () => docker.outcome('volume create named'),
    exec: async () => {
      await docker.outcome('run -d --name held busybox', ...LASTING);
      return await docker.outcome('exec held echo here');
    },
    'rename and update': async () => {
      await docker.outcome('run -d --name first busybox', ...LASTING);
      await docker.outcome('rename first second');
      return await docker.outcome('update --restart always second');
    },
  };
  for (let kill = 0; kill < KILLS; kill += 1) {
    const names = Object.keys(tasks);
    const name = names[Math.floor(random() * names.length)] ?? 'run';
    const delay_ms = Math.floor(random() * 450);
    const at = `kill ${kill} of ${name} after ${delay_ms} ms (GANTRY_SEED=${SEED})`;
    const ending = tasks[name]?.();
    await systemClock.sleep(delay_ms); // the moment is what is drawn
    await daemon.crash();
    await ending;
    await daemon.restart();
    for (const id of (await docker.run('ps -aq')).split('\n').filter(Boolean)) {
      const state = await docker.inspect(id, '{{.State.Status}}');
      assert.match(state, /^(running|created|exited)$/, at);
      if (state === 'running') assert.equal((await docker.outcome(`exec ${id} true`)).status, 0, at);
      await docker.outcome(`rm -f -v ${id}`);
    }
    if (name === 'push') {
      // It may have been cut off before its name was there.
      await docker.run('tag busybox myregistry/killed:1');
      assert.match(await docker.run('push myregistry/killed:1'), /1: digest: sha256:/, at);
    }
    await docker.outcome('rmi built');
    await docker.outcome('volume rm named');
    await docker.outcome('network rm lan');
    await docker.outcome('rmi myregistry/killed:1');
    await docker.run('builder prune -f');
    await docker.run('image prune -f');
    assert.equal(await docker.run('images -aq'), images, at);
    assert.equal(await docker.run('volume ls -q'), '', at);
    await docker.settled(before).catch((error: unknown) => {
      throw new Error(at, { cause: error });
    });
  }
  assert.equal(await docker.run('run --rm busybox echo whole'), 'whole\n');
});

test('gantry down with running containers leaves nothing on the machine, and gantry up finds images and volumes', async () => {
  await docker.run('network create lan');
  await docker.run('run -d --name web --network lan -p 8080:80 -v kept:/kept busybox sh -c', 'echo kept > /kept/file; exec httpd -f -p 80');
  await docker.run('run -d --name forever --restart always busybox', ...LASTING);
  await docker.run('exec forever true');
  const { stderr, status } = await daemon.gantry(['down']);
  assert.equal(status, 0, stderr);
  const left = await docker.baseline();
  assert.deepEqual(
    { ...left, folders: [] },
    { mounts: [], links: ['lo', 'host1', 'host0', ''], namespaces: [], groups: [], folders: [], processes: [], rules: [''] },
  );
  assert.equal(await docker.inside(['ip', 'route']), '192.0.2.0/24 dev host0 proto kernel scope link src 192.0.2.10 \n');
  const hierarchies = (await readdir('/sys/fs/cgroup')).filter((name) => existsSync(join('/sys/fs/cgroup', name, `gantry-${docker.id}`)));
  assert.deepEqual(hierarchies, []);
  await daemon.restart();
  assert.equal(await docker.run('images --format', '{{.Repository}}'), 'busybox\n');
  assert.equal(await docker.run('volume ls -q'), 'kept\n');
  assert.equal(await docker.run('run --rm -v kept:/kept busybox cat /kept/file'), 'kept\n');
  assert.match(await docker.run('ps -a --format', '{{.Names}}'), /web/);
  await docker.run('rm -f web forever');
});
