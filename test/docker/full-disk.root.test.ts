import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { Docker, LASTING } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

/** The data dir is a file system of its own, small, and gone with the namespace. */
const SMALL_DISK = `truncate -s 96M "$HOME/disk" && mkfs.ext4 -q -m 0 "$HOME/disk" && mkdir "$HOME/data" && mount -o loop "$HOME/disk" "$HOME/data"`;
/** To the last block, also those that the daemon gives back meanwhile. */
const FILL = `free() { df --output=avail "$HOME/data" | tail -1 | tr -d ' '; }
i=0
while [ $i -lt 2000 ] && [ "$(free)" != 0 ]; do
  cat /dev/zero > "$HOME/data/filler.$i.large" 2>/dev/null
  while [ $i -lt 2000 ]; do i=$((i+1)); echo x > "$HOME/data/filler.$i" 2>/dev/null || break; done
  sync
done
free`;
const FREE = `rm -f "$HOME"/data/filler*`;
const NO_SPACE = /no space left/i;

const daemon = await startTestDaemon(['--parts', 'engine,registry'], async (inside) => void (await output(inside(['sh', '-c', SMALL_DISK]))));
const docker = new Docker(daemon);
after(async () => {
  await daemon.gantry(['down']);
  await docker.inside(['umount', '--lazy', daemon.dataDir]);
  await daemon[Symbol.asyncDispose]();
});
await docker.feed(busyboxTar(), 'import - busybox');
const shell = async (script: string) => (await docker.inside(['sh', '-c', script])).trim();
const namesIn = (folder: string) => shell(`ls "$HOME/data/${folder}"`);

test('a full disk is an error for the request at hand and nothing else', async () => {
  const shared = join(daemon.folder, 'shared');
  const context = join(daemon.folder, 'context');
  await Promise.all([mkdir(shared), mkdir(context)]);
  const tar = join(daemon.folder, 'root.tar');
  await writeFile(tar, busyboxTar());
  await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nCOPY file /file\nRUN cat /file > /copy\n');
  await writeFile(join(context, 'file'), Buffer.alloc(3_000_000, 'content '));
  await docker.run('tag busybox myregistry/there:1');
  await docker.run('push myregistry/there:1');
  await docker.run('rmi myregistry/there:1');
  await docker.inside(['docker', 'save', '-o', join(daemon.folder, 'saved.tar'), 'busybox']);
  await docker.run('run -d --name talker busybox sh -c', 'i=0; while :; do i=$((i+1)); echo line $i > /proc/1/fd/2; sleep 0.2; done');
  await docker.run(`run -d --name job -v ${shared}:/shared busybox sh -c`, 'while [ ! -e /shared/go ]; do sleep 0.05; done; exit 7');
  await docker.run('run -d --name lasting --restart always busybox', ...LASTING);
  await docker.run('run --name full busybox sh -c', 'dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null');
  await docker.run('create --name ready busybox true');
  const [before, pid] = [await namesIn('engine/containers'), daemon.pid];

  assert.equal(await shell(FILL), '0');
  const requests: Record<string, string> = {
    create: 'create --name fresh busybox true',
    run: 'run --rm busybox true',
    start: 'start ready',
    rename: 'rename ready renamed',
    update: 'update --restart no lasting',
    commit: 'commit full committed',
    build: `build -t built ${context}`,
    load: `load -i ${join(daemon.folder, 'saved.tar')}`,
    import: `import ${tar} imported`,
    pull: 'pull myregistry/there:1',
    volume: 'volume create fresh',
    network: 'network create fresh',
  };
  const wrong: string[] = [];
  for (const [what, line] of Object.entries(requests)) {
    const { status, stderr, stdout } = await docker.outcome(line);
    if (status === 0 || !NO_SPACE.test(stderr)) wrong.push(`${what}: ${status} ${stdout}${stderr}`);
  }
  assert.deepEqual(wrong, []);
  assert.match((await docker.outcome('exec talker sh -c', 'echo more > /file')).stderr, NO_SPACE);
  assert.equal(await docker.run('exec talker echo here'), 'here\n');
  assert.equal(daemon.pid, pid);
  assert.deepEqual((await docker.run('ps --format', '{{.Names}}')).trim().split('\n').sort(), ['job', 'lasting', 'talker']);

  const waiting = docker.run('wait job');
  await writeFile(join(shared, 'go'), '');
  assert.equal(await waiting, '7\n');
  assert.equal(await docker.inspect('job', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 7');
  await daemon.crash();
  await shell(FREE);
  await daemon.restart();
  assert.equal(await docker.inspect('job', '{{.State.Status}} {{.State.ExitCode}}'), 'exited 7', 'also after a kill of the daemon');
  assert.equal(await docker.inspect('lasting', '{{.State.Running}}'), 'true');

  assert.equal(await namesIn('engine/containers'), before, 'no half record');
  assert.equal(await namesIn('images/ingest'), '');
  await docker.run('start ready');
  assert.equal(await docker.run('wait ready'), '0\n');
  await eventually('what happened to be on record', async () => (await shell(`grep -l '"exitCode":7' "$HOME"/data/engine/containers/*/container.json`)) !== '');
  for (const line of Object.values(requests)) await docker.run(line);
  assert.equal(await docker.run('run --rm built cat /copy'), 'content '.repeat(375_000));
  await docker.run('rm -f talker job lasting full renamed fresh');
});

test('what is in the way on a full disk can be removed', async () => {
  await shell(FREE);
  await docker.run('volume create filled');
  await docker.run('run --name filler -v filled:/filled busybox sh -c', 'dd if=/dev/zero of=/filled/file bs=1M count=2 2>/dev/null');
  await docker.run('run -d --name runs busybox', ...LASTING);
  assert.equal(await shell(FILL), '0');
  await docker.run('rm -f filler runs');
  await docker.run('volume rm filled');
  await docker.run('rmi imported');
  assert.equal(await docker.run('ps -aq'), '');
  await shell(FREE);
  assert.equal(await docker.run('run --rm busybox echo whole'), 'whole\n');
});

test('a daemon on a full disk is taken down, and comes up again', async () => {
  await docker.run('run -d --name stays busybox', ...LASTING);
  assert.equal(await shell(FILL), '0');
  assert.equal((await daemon.gantry(['down'])).status, 0);
  await shell(FREE);
  await daemon.restart();
  await docker.run('rm -f stays');
});

test('nor does a daemon end whose own log is on the full disk', async () => {
  await daemon.gantry(['down']);
  assert.equal((await daemon.gantry(['up', '--detach', '--parts', 'engine', '--log-level', 'debug'])).status, 0);
  await docker.run('run -d --name job busybox', ...LASTING);
  assert.equal(await shell(FILL), '0');
  await docker.run('stop job');
  assert.equal(await docker.inspect('job', '{{.State.Status}}'), 'exited');
  await docker.refused('volume create late');
  await shell(FREE);
  await docker.run('volume create late');
  const lines = () => shell(`wc -l < "$HOME"/data/daemon.log`);
  const before = Number(await lines());
  await docker.run('start job');
  await eventually('the log to go on', async () => {
    await docker.refused('start unknown');
    await docker.run('restart -t 0 job');
    return Number(await lines()) > before;
  });
  await docker.run('rm -f job');
});
