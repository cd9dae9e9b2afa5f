import assert from 'node:assert/strict';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const { folder } = docker.daemon;

/** For what this docker has no option for. */
async function createBy(name: string, body: string): Promise<void> {
  const post = ['curl', '-s', '--fail-with-body', '--unix-socket', docker.daemon.dockerSocket, '-H', 'content-type: application/json', '-d', '@-'];
  await docker.inside([...post, `http://x/containers/create?name=${name}`], { input: body });
}

test('--volumes-from brings volumes and bind mounts, read-only where asked', async () => {
  await mkdir(join(folder, 'shared'));
  await docker.run('create --name source -v data:/data -v', `${join(folder, 'shared')}:/shared`, '-v', '/anonymous', 'busybox', 'true');
  await docker.run('run --rm --volumes-from source busybox sh -c', 'echo one > /data/x && echo two > /shared/x && echo three > /anonymous/x');
  assert.equal(await docker.run('run --rm --volumes-from source:ro busybox cat /data/x /shared/x /anonymous/x'), 'one\ntwo\nthree\n');
  assert.match(await docker.refused('run --rm --volumes-from source:ro busybox touch /data/y'), /Read-only file system/);
  assert.equal((await docker.outcome('run --rm --volumes-from source --tmpfs /data busybox test -e /data/x')).status, 1, 'the own one wins');
  await docker.run('create --name heir --volumes-from source:ro busybox true');
  assert.equal(await docker.inspect('heir', '{{json .HostConfig.VolumesFrom}} {{len .Mounts}}'), '["source:ro"] 3');
  await docker.run('rm -v source');
  assert.match(await docker.refused('volume rm data'), /volume is in use/);
  await docker.run('rm -v heir');
  await docker.run('volume rm data');
  assert.match(await docker.refused('create --volumes-from nosuch:ro busybox'), /No such container: nosuch/);
});

test('an anonymous volume stays or goes with its container, also over kill -9 of the daemon', async () => {
  const names = async () => (await docker.run('volume ls -q')).split('\n').filter(Boolean).length;
  const before = await names();
  await docker.run('create --name left -v /a busybox true');
  await docker.run('create --name gone -v /a busybox true');
  await docker.run('rm left');
  await docker.run('create --name heir --volumes-from gone busybox true');
  await docker.run('rm -v gone');
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal(await names(), before + 2);
  await docker.run('rm -v heir');
  assert.equal(await names(), before + 1);
  await docker.run('volume prune -f');
  assert.equal(await names(), before);
});

test('bind-create-mountpoint makes the source, and the mount is shown as given', async () => {
  const source = join(folder, 'made', 'here');
  const given = `[{"Type":"bind","Source":"${source}","Target":"/x","ReadOnly":true,"BindOptions":{"Propagation":"rslave","CreateMountpoint":true}}]`;
  await createBy('made', `{"Image":"busybox","Cmd":["true"],"HostConfig":{"Mounts":${given}}}`);
  assert.ok((await stat(source)).isDirectory());
  assert.equal(await docker.inspect('made', '{{json .HostConfig.Mounts}}'), given);
  assert.equal(await docker.inspect('made', '{{(index .Mounts 0).Propagation}} {{.HostConfig.Binds}}'), 'rslave []');
  await docker.run('start -a made');
  await docker.run('rm made');
});

test('what is mounted below a bind mount comes along, is read-only with it, and stays away when asked', async () => {
  const [outer, inner] = [join(folder, 'outer'), join(folder, 'outer', 'inner')];
  await mkdir(inner, { recursive: true });
  await docker.inside(['mount', '-t', 'tmpfs', 'none', inner]);
  await docker.inside(['touch', join(inner, 'seen')]);
  try {
    assert.equal(await docker.run('run --rm -v', `${outer}:/x`, 'busybox', 'ls', '/x/inner'), 'seen\n');
    assert.match(await docker.refused('run --rm -v', `${outer}:/x:ro`, 'busybox', 'touch', '/x/inner/y'), /Read-only file system/);
    await docker.run('run --rm --mount', `type=bind,src=${outer},dst=/x,readonly,bind-recursive=writable`, 'busybox', 'touch', '/x/inner/y');
    assert.equal(await docker.run('run --rm --mount', `type=bind,src=${outer},dst=/x,bind-recursive=disabled`, 'busybox', 'ls', '/x/inner'), '');
  } finally {
    await docker.inside(['umount', inner]);
  }
});

test('a part of a volume is mounted, and no link leads out of it', async () => {
  const before = await docker.baseline();
  await docker.run('run --rm -v whole:/v busybox sh -c', 'mkdir -p /v/a/b && echo part > /v/a/b/file && ln -s / /v/out && ln -s a/b /v/in');
  const part = (subpath: string) => `type=volume,src=whole,dst=/x,volume-subpath=${subpath}`;
  assert.equal(await docker.run('run --rm --mount', part('a/b'), 'busybox', 'cat', '/x/file'), 'part\n');
  assert.equal(await docker.run('run --rm --mount', part('in'), 'busybox', 'ls', '/x'), 'file\n');
  assert.equal(await docker.run('run --rm --mount', part('out'), 'busybox', 'ls', '/x'), 'a\nin\nout\n', 'the root of the link is the volume');
  assert.match(await docker.refused('run --rm --mount', part('../x'), 'busybox', 'true'), /must be a relative path/);
  assert.match(await docker.refused('run --rm --mount', part('nosuch'), 'busybox', 'true'), /no folder "nosuch" in volume whole/);
  await docker.run('run -d --name lives --mount', part('a'), 'busybox', ...LASTING);
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal(await docker.run('exec lives cat /x/b/file'), 'part\n');
  await docker.run('rm -f lives');
  await docker.run('volume rm whole');
  await docker.settled(before);
});

test('a volume that a mount makes gets its labels', async () => {
  await docker.run('create --name labelled --mount type=volume,src=mine,dst=/x,volume-label=a=b busybox true');
  assert.equal((await docker.run('volume inspect -f', '{{json .Labels}}', 'mine')).trim(), '{"a":"b"}');
  await docker.run('rm labelled');
  await docker.run('volume rm mine');
});

test('tmpfs mounts take their size, mode and options', async () => {
  const line = await docker.run('run --rm --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700 busybox grep', ' /t ', '/proc/mounts');
  assert.match(line, /size=1024k,mode=700/);
  const body =
    '{"Image":"busybox","Cmd":["grep"," /t ","/proc/mounts"],"HostConfig":{"Mounts":[{"Type":"tmpfs","Target":"/t","TmpfsOptions":{"Options":[["exec"],["nr_inodes","50"]]}}]}}';
  await createBy('optioned', body);
  const shown = await docker.run('start -a optioned');
  assert.match(shown, /nr_inodes=50/);
  assert.doesNotMatch(shown, /noexec/);
  assert.equal(await docker.inspect('optioned', '{{json (index .HostConfig.Mounts 0).TmpfsOptions.Options}}'), '[["exec"],["nr_inodes","50"]]');
  await docker.run('rm optioned');
});

test('the files of an image are mounted to read, and the image stays while they are', async () => {
  const before = await docker.baseline();
  await docker.run('tag busybox tools');
  await docker.run('run -d --name tooled --mount type=image,src=tools,dst=/tools busybox', ...LASTING);
  assert.match(await docker.run('exec tooled ls /tools'), /^bin\netc\n/);
  assert.match(await docker.refused('exec tooled touch /tools/x'), /Read-only file system/);
  assert.equal(await docker.run('run --rm --mount type=image,src=tools,dst=/tools,image-subpath=etc busybox ls /tools'), 'group\npasswd\n');
  await docker.daemon.crash();
  await docker.daemon.restart();
  await docker.run('restart -t 0 tooled');
  assert.match(await docker.run('exec tooled ls /tools'), /^bin\netc\n/);
  await docker.run('rm -f tooled');
  await docker.run('rmi tools');
  await docker.settled(before);
  assert.match(await docker.refused('create --mount type=image,src=nosuch,dst=/x busybox true'), /nosuch/);
});
