import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const { folder } = docker.daemon;

/** Where something is mounted for a volume, outside of containers. */
const mounted = async (name: string) =>
  (await docker.inside(['cat', '/proc/self/mountinfo'])).split('\n').filter((line) => line.includes(`/volumes/${name}/_data `)).length;

test('a tmpfs volume is mounted at its first use, is everybody’s, and goes with the last user', async () => {
  await docker.run('volume create -o type=tmpfs -o device=tmpfs -o o=size=2m,uid=1000 --label a=b fast');
  const shown = JSON.parse(await docker.run('volume inspect fast')) as { Driver: string; Options: unknown }[];
  assert.deepEqual([shown[0]?.Driver, shown[0]?.Options], ['local', { device: 'tmpfs', o: 'size=2m,uid=1000', type: 'tmpfs' }]);
  assert.equal(await mounted('fast'), 0);
  await docker.run('run -d --name one -v fast:/fast busybox', ...LASTING);
  await docker.run('run -d --name two -v fast:/fast busybox', ...LASTING);
  assert.equal(await mounted('fast'), 1);
  await docker.run('exec one sh -c', 'echo hello > /fast/x');
  assert.equal(await docker.run('exec two cat /fast/x'), 'hello\n');
  assert.match(await docker.run('exec two df -k /fast'), /\b2048\b/);
  assert.equal(await docker.run('exec one stat -c %u /fast'), '1000\n');
  await docker.run('stop -t 0 one');
  assert.equal(await mounted('fast'), 1);
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal(await mounted('fast'), 1);
  assert.equal(await docker.run('run --rm -v fast:/fast busybox cat /fast/x'), 'hello\n');
  assert.equal(await docker.run('exec two cat /fast/x'), 'hello\n');
  await docker.run('rm -f two');
  assert.equal(await mounted('fast'), 0);
  await docker.run('rm -f one');
  assert.match(
    await docker.refused('volume create -o type=tmpfs -o device=tmpfs -o o=size=3m fast'),
    /conflict: a volume of that name exists with other options/,
  );
  await docker.run('volume create -o type=tmpfs -o device=tmpfs -o o=size=2m,uid=1000 fast');
  await docker.run('volume create fast');
  await docker.run('volume rm fast');
});

test('a bind volume shows a folder of the machine, and removing the volume leaves the folder', async () => {
  const source = join(folder, 'kept');
  await mkdir(source);
  await writeFile(join(source, 'x'), 'one');
  await docker.run('volume create -o type=none -o o=bind -o', `device=${source}`, 'bound');
  assert.equal(await docker.run('run --rm -v bound:/b busybox sh -c', 'cat /b/x; echo two > /b/y'), 'one');
  assert.equal(await readFile(join(source, 'y'), 'utf8'), 'two\n');
  assert.equal(await mounted('bound'), 0);
  await docker.run('run -d --name user -v bound:/b busybox', ...LASTING);
  await docker.daemon.crash();
  await docker.daemon.restart();
  await docker.run('rm -f user');
  assert.equal(await mounted('bound'), 0);
  await docker.run('volume rm bound');
  assert.deepEqual((await readdir(source)).sort(), ['x', 'y']);
  await docker.run('volume create -o type=none -o o=bind,ro,noexec -o', `device=${source}`, 'read');
  assert.match(await docker.run('run --rm -v read:/b busybox grep', ' /b ', '/proc/mounts'), /\bro\b.*noexec/);
  assert.match(await docker.refused('run --rm -v read:/b busybox touch /b/z'), /Read-only file system/);
  await docker.run('volume rm read');
});

test('a container ends unseen: what it alone used is unmounted at the next start', async () => {
  await docker.run('volume create -o type=tmpfs -o device=tmpfs lost');
  await docker.run('run -d --name lost -v lost:/l busybox', ...LASTING);
  const pid = await docker.inspect('lost', '{{.State.Pid}}');
  await docker.daemon.crash();
  await docker.inside(['kill', '-9', pid]);
  await docker.daemon.restart();
  assert.equal(await mounted('lost'), 0);
  await docker.run('rm -f lost');
  await docker.run('volume rm lost');
});

test('what can’t be mounted is said clearly, and nothing of the start is left', async () => {
  await docker.run('volume create -o type=nfs -o o=addr=127.0.0.1,rw -o device=:/export remote');
  await docker.run('volume create -o type=ext4 -o device=/dev/nosuch disk');
  await docker.run('volume create -o type=none -o o=bind -o device=/nosuch/folder missing');
  const before = await docker.baseline();
  for (const [name, said] of [
    [
      'remote',
      /error while mounting volume '.*\/remote\/_data': failed to mount local volume: mount :\/export:.*(has no file system nfs|refused|timed out|no such device)/i,
    ],
    ['disk', /failed to mount local volume: mount \/dev\/nosuch:.*no such file or directory/],
    ['missing', /failed to mount local volume: mount \/nosuch\/folder:.*no such file or directory/],
  ] as const) {
    const { status, stderr } = await docker.outcome(`run --name failing -v ${name}:/v busybox true`);
    assert.notEqual(status, 0);
    assert.match(stderr, said);
    await docker.run('rm failing');
    assert.equal(await mounted(name), 0);
    await docker.run(`volume rm ${name}`);
  }
  await docker.settled(before);
  for (const [line, said] of [
    ['-o type=tmpfs xx', /missing required option: "device"/],
    ['-o colour=red xx', /invalid option: "colour"/],
    ['-o type=none -o device= xx', /missing device in volume options/],
    ['-o size=1g xx', /quota size requested but no quota support/],
    ['-d nosuch xx', /plugin "nosuch" not found/],
  ] as const)
    assert.match(await docker.refused(`volume create ${line}`), said, line);
});

test('an own file system: ext4 on a loop device', async (t) => {
  const image = join(folder, 'disk.img');
  const made = await docker.daemon.inside(['sh', '-c', `truncate -s 8M ${image} && mkfs.ext4 -q ${image} && losetup -f --show ${image}`]);
  if (made.status !== 0) return t.skip(`no loop device here: ${made.stderr}`);
  const device = made.stdout.trim();
  try {
    await docker.run('volume create -o type=ext4 -o', `device=${device}`, 'disk');
    await docker.run('run --rm -v disk:/d busybox sh -c', 'echo kept > /d/x');
    assert.equal(await mounted('disk'), 0);
    assert.equal(await docker.run('run --rm -v disk:/d busybox cat /d/x'), 'kept\n');
    await docker.run('volume rm disk');
  } finally {
    await docker.inside(['losetup', '-d', device]);
  }
});

test('--mount makes a volume with options; sizes, filters and prune', async () => {
  const mount = 'type=volume,src=made,dst=/m,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m';
  await docker.run('run --name maker --mount', mount, 'busybox', 'sh', '-c', 'df -k /m');
  assert.match(await docker.inspect('maker', '{{json .HostConfig.Mounts}}'), /"DriverConfig":\{"Name":"local","Options":\{"device":"tmpfs"/);
  assert.equal(await docker.run('volume inspect -f', '{{json .Options}}', 'made'), '{"device":"tmpfs","o":"size=1m","type":"tmpfs"}\n');
  await docker.run('volume create --label keep=yes plain');
  await docker.run('run --rm -v plain:/p busybox sh -c', 'head -c 100000 /dev/zero > /p/zeros; ln /p/zeros /p/again');
  const used = JSON.parse(await docker.run('system df -v --format', '{{json .Volumes}}')) as { Name: string; Links: string; Size: string }[];
  const found = new Map(used.map(({ Name, Links, Size }) => [Name, `${Links} ${Size}`]));
  assert.equal(found.get('plain'), '0 100kB');
  assert.match(found.get('made') ?? '', /^1 /);
  assert.equal(await docker.run('volume ls -q --filter label=keep=yes --filter driver=local'), 'plain\n');
  assert.equal(await docker.run('volume ls -q --filter dangling=true --filter name=pla'), 'plain\n');
  assert.equal(await docker.run('volume ls -q --filter dangling=false'), 'made\n');
  assert.match(await docker.refused('volume ls --filter colour=red'), /invalid filter 'colour'/);
  assert.equal((await docker.run('volume prune -af --filter label!=keep')).includes('plain'), false);
  assert.match(await docker.run('volume prune -af'), /plain[\s\S]*Total reclaimed space: 100kB/);
  await docker.run('rm maker');
  await docker.run('volume rm made');
});

test('down --purge never touches what a volume binds', async () => {
  const source = join(folder, 'precious');
  await mkdir(source);
  await writeFile(join(source, 'x'), 'one');
  await docker.run('volume create -o type=none -o o=bind -o', `device=${source}`, 'bound');
  await docker.run('run -d --name user -v bound:/b busybox', ...LASTING);
  await docker.daemon.crash();
  const { status, stderr } = await docker.daemon.gantry(['down', '--purge']);
  assert.equal(status, 0, stderr);
  assert.equal(await readFile(join(source, 'x'), 'utf8'), 'one');
});
