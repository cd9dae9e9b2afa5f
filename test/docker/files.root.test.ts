import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const host = join(docker.daemon.folder, 'host');
await mkdir(join(host, 'tree/inner'), { recursive: true });
await writeFile(join(host, 'file.txt'), 'hello\n', { mode: 0o640 });
await writeFile(join(host, 'tree/one'), '1\n');
await writeFile(join(host, 'tree/inner/two'), '2\n');
await symlink('one', join(host, 'tree/link'));

test('docker cp takes files, folders and links both ways, running or not', async () => {
  await docker.run('run -d --name box busybox', ...LASTING);
  await docker.run(`cp ${host}/file.txt box:/tmp/`);
  await docker.run(`cp ${host}/file.txt box:/tmp/renamed`);
  await docker.run(`cp ${host}/tree box:/opt`);
  await docker.run(`cp ${host}/tree box:/opt`);
  await docker.run(`cp ${host}/tree/. box:/flat`);
  assert.equal(await docker.run('exec box cat /tmp/file.txt /tmp/renamed /opt/inner/two /opt/tree/one /flat/link'), 'hello\nhello\n2\n1\n1\n');
  assert.equal(await docker.run('exec box readlink /opt/link'), 'one\n');
  assert.equal(await docker.run('exec box stat -c %a /tmp/file.txt'), '640\n');
  await docker.run('stop box');
  await docker.run(`cp ${host}/file.txt box:/tmp/stopped`);
  await docker.run(`cp box:/opt ${host}/back`);
  await docker.run(`cp box:/tmp/stopped ${host}/`);
  assert.deepEqual((await readdir(join(host, 'back'))).sort(), ['inner', 'link', 'one', 'tree']);
  assert.equal(await readFile(join(host, 'stopped'), 'utf8'), 'hello\n');
  await docker.run('start box');
  assert.equal(await docker.run('exec box cat /tmp/stopped'), 'hello\n');
  await docker.run('rm -f box');
});

test('docker cp reads and writes archives on the standard streams', async () => {
  await docker.run('run -d --name piped busybox', ...LASTING);
  await docker.inside(['sh', '-c', `tar -C ${host} -cf - tree | docker cp - piped:/home`]);
  assert.equal(await docker.run('exec piped cat /home/tree/inner/two'), '2\n');
  assert.equal(await docker.inside(['sh', '-c', 'docker cp piped:/home/tree/one - | tar -xOf -']), '1\n');
  await docker.run('rm -f piped');
});

test('docker cp reaches into volumes and binds', async () => {
  await docker.run(`run -d --name mounted -v store:/store -v ${host}/tree:/bound:ro busybox`, ...LASTING);
  await docker.run(`cp ${host}/file.txt mounted:/store/`);
  assert.equal(await docker.run('exec mounted cat /store/file.txt'), 'hello\n');
  await docker.run(`cp mounted:/bound/one ${host}/from-bound`);
  assert.equal(await readFile(join(host, 'from-bound'), 'utf8'), '1\n');
  assert.match(await docker.refused(`cp ${host}/file.txt mounted:/bound/`), /is marked read-only/);
  await docker.run('rm -f mounted');
  await docker.run('volume rm store');
});

test('docker cp never leaves the container, whatever its links say', async () => {
  const outside = join(docker.daemon.folder, 'outside');
  await mkdir(outside);
  await writeFile(join(outside, 'secret'), 'secret\n');
  await docker.run('run -d --name jail busybox', ...LASTING);
  const links = `ln -s ${outside} /absolute; ln -s ../../../../../../../..${outside} /climbing; ln -s ${outside}/secret /tmp/secret; ln -s / /root/all`;
  await docker.run('exec jail sh -c', links);
  for (const path of ['/absolute/', '/climbing/', '/absolute/new', '/tmp/secret', `/root/all${outside}/`])
    await docker.outcome(`cp ${host}/file.txt jail:${path}`);
  assert.deepEqual(await readdir(outside), ['secret']);
  assert.equal(await readFile(join(outside, 'secret'), 'utf8'), 'secret\n');
  for (const path of ['/absolute/secret', '/climbing/secret', `/root/all${outside}/secret`]) {
    const { stdout } = await docker.outcome(`cp -L jail:${path} -`);
    assert.doesNotMatch(stdout, /secret\n/);
  }
  await docker.inside([
    'sh',
    '-c',
    `mkdir -p ${host}/evil && cd ${host}/evil && ln -sfn ${outside} way && tar -cf ../evil.tar way && rm way && mkdir way && echo x > way/in && tar -rf ../evil.tar way/in`,
  ]);
  await docker.daemon.inside(['sh', '-c', `docker cp - jail:/home < ${host}/evil.tar`]);
  assert.deepEqual(await readdir(outside), ['secret']);
  await docker.run('rm -f jail');
});

test('docker cp says what is not there', async () => {
  await docker.run('run -d --name empty busybox', ...LASTING);
  assert.match(await docker.refused('cp empty:/nosuch -'), /Could not find the file \/nosuch in container/);
  assert.match(await docker.refused(`cp ${host}/file.txt empty:/no/such/`), /no such directory/);
  assert.match(await docker.refused(`cp ${host}/file.txt nosuch:/x`), /No such container: nosuch/);
  await docker.run('rm -f empty');
});

test("a named volume takes the image's files at its first use and keeps its own", async () => {
  await docker.feed(
    'FROM busybox\nRUN mkdir /data && echo seed > /data/seed && chown -R 1000:1000 /data && chmod 750 /data\nVOLUME /data\n',
    'build -q -t seeded -',
  );
  assert.equal(
    await docker.run('run --rm -v named:/data seeded sh -c', 'stat -c "%u:%g %a" /data; echo more > /data/more; cat /data/seed'),
    '1000:1000 750\nseed\n',
  );
  await docker.run('run --rm -v named:/data seeded rm /data/seed');
  assert.equal(await docker.run('run --rm -v named:/data seeded ls /data'), 'more\n');
  assert.equal(await docker.run('run --rm -v bare:/data:nocopy seeded ls /data'), '');
  assert.match(await docker.refused('run --rm -v named:/data:ro seeded touch /data/x'), /Read-only file system/);
  await docker.run('run --name holder -v named:/data seeded true');
  assert.match(await docker.refused('volume rm named'), /volume is in use/);
  assert.equal(await docker.run('ps -a -f volume=named --format', '{{.Names}}'), 'holder\n');
  assert.equal(await docker.inspect('holder', '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}}{{end}}'), 'volume named /data true');
  await docker.run('rm -v holder');
  assert.equal(await docker.run('volume ls -q'), 'bare\nnamed\n');
  await docker.run('volume rm named bare');
});

test('anonymous volumes go with rm -v and with --rm, and stay otherwise', async () => {
  await docker.run('run --rm -v /scratch busybox true');
  await docker.run('run --name gone -v /scratch busybox true');
  await docker.run('rm -v gone');
  assert.equal(await docker.run('volume ls -q'), '');
  await docker.run('run --name stays -v /scratch busybox true');
  await docker.run('rm stays');
  assert.match(await docker.run('volume ls -q -f dangling=true'), /^[0-9a-f]{64}\n$/);
  await docker.run('volume prune -f');
});

test('bind mounts are read-write or read-only, and -v makes a folder that is missing', async () => {
  await docker.run(`run --rm -v ${host}/tree:/t busybox sh -c`, 'echo written > /t/written');
  assert.equal(await readFile(join(host, 'tree/written'), 'utf8'), 'written\n');
  for (const option of [`-v ${host}/tree:/t:ro`, `--mount type=bind,src=${host}/tree,dst=/t,readonly`])
    assert.match(await docker.refused(`run --rm ${option} busybox touch /t/x`), /Read-only file system/);
  await docker.run(`run --rm -v ${host}/file.txt:/etc/motd:ro busybox grep hello /etc/motd`);
  await docker.run(`run --rm -v ${host}/made/here:/t busybox true`);
  assert.ok((await stat(join(host, 'made/here'))).isDirectory());
});

test('tmpfs mounts are empty, limited and gone with the container', async () => {
  assert.match(
    await docker.run('run --rm --tmpfs /t:size=1m,mode=700 busybox sh -c', 'grep " /t " /proc/mounts; ls -A /t; stat -c %a /t'),
    /^tmpfs \/t tmpfs .*size=1024k.*\n700\n$/,
  );
  assert.match(await docker.refused('run --rm --mount type=tmpfs,dst=/t,tmpfs-size=1m busybox dd if=/dev/zero of=/t/x bs=1M count=2'), /No space left/);
  assert.match(await docker.run('run --rm --shm-size 2m busybox df -k /dev/shm'), /2048/);
});

test('docker volume creates with labels, lists, filters and inspects', async () => {
  await docker.run('volume create --label tier=db data');
  await docker.run('volume create other');
  assert.equal(await docker.run('volume ls -q -f label=tier=db'), 'data\n');
  assert.equal(await docker.run('volume inspect -f', '{{.Driver}} {{.Scope}} {{.Labels.tier}}', 'data'), 'local local db\n');
  const mountpoint = (await docker.run('volume inspect -f', '{{.Mountpoint}}', 'data')).trim();
  await docker.run('run --rm -v data:/d busybox sh -c', 'echo x > /d/x');
  assert.equal(await readFile(join(mountpoint, 'x'), 'utf8'), 'x\n');
  await docker.run('volume rm data other');
  assert.match(await docker.refused('volume inspect data'), /no such volume/);
});
