import assert from 'node:assert/strict';
import { readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

/** The identity of a namespace as a container sees it. */
const seen = (kind: string, ...options: readonly string[]) =>
  docker.run('run --rm', ...options, 'busybox', 'readlink', `/proc/self/ns/${kind}`).then((text) => text.trim());

for (const [option, kind] of [
  ['--pid=host', 'pid'],
  ['--ipc=host', 'ipc'],
  ['--uts=host', 'uts'],
  ['--cgroupns=host', 'cgroup'],
] as const)
  test(`${option} shares the machine's namespace, which is the container's own otherwise`, async () => {
    const machine = await readlink(`/proc/self/ns/${kind}`);
    assert.equal(await seen(kind, option), machine);
    assert.notEqual(await seen(kind), machine);
  });

test('the modes are shown as they were given', async () => {
  const name = await docker.run('create --pid host --ipc none --uts host --cgroupns host --userns host busybox true');
  const format = '{{with .HostConfig}}{{.PidMode}} {{.IpcMode}} {{.UTSMode}} {{.CgroupnsMode}} {{.UsernsMode}}{{end}} {{.Config.Hostname}}';
  assert.equal(await docker.inspect(name.trim(), format), `host none host host host ${hostname()}`);
  await docker.run('rm', name.trim());
});

test('processes of the machine or of another container are seen', async () => {
  await docker.run('run -d --name donor busybox', ...LASTING);
  assert.match(await docker.run('run --rm --pid container:donor busybox ps'), /echo ready/);
  assert.match(await docker.run('run --rm --pid host busybox ps'), /conmon/);
  const before = await docker.run('run --rm --pid container:donor busybox sh -c', 'kill -0 1 && echo alive');
  assert.equal(before, 'alive\n');
  await docker.run('rm -f donor');
  assert.match(await docker.refused('run --rm --pid container:donor busybox true'), /No such container: donor/);
});

test('shared memory can be joined where it is offered, and nowhere else', async () => {
  const footprint = await docker.baseline();
  await docker.run('run -d --name shares --ipc shareable --shm-size 8m busybox', ...LASTING);
  await docker.run('run -d --name keeps busybox', ...LASTING);
  await docker.run('exec shares sh -c', 'echo mine > /dev/shm/note');
  assert.equal(await docker.run('run --rm --ipc container:shares busybox cat /dev/shm/note'), 'mine\n');
  assert.match(await docker.run('exec shares df -k /dev/shm'), / 8192 /);
  assert.match(await docker.refused('run --rm --ipc container:keeps busybox true'), /non-shareable IPC/);
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal(await docker.run('run --rm --ipc container:shares busybox cat /dev/shm/note'), 'mine\n');
  await docker.run('stop -t 0 shares');
  assert.match(await docker.refused('run --rm --ipc container:shares busybox true'), /is not running/);
  await docker.run('rm -f shares keeps');
  await docker.settled(footprint);
  assert.equal((await docker.outcome('run --rm --ipc none busybox test -e /dev/shm')).status, 1);
});

test('a shared name cannot be another one', async () => {
  assert.match(await docker.refused('run --uts host --hostname other busybox true'), /conflicting options: hostname and the UTS mode/);
  assert.match(await docker.refused('run --ipc bogus busybox true'), /IPC mode/);
  assert.equal(await docker.run('run --rm --uts host busybox hostname'), `${hostname()}\n`);
});

test('devices of the machine are given with their rights, and rules are obeyed', async () => {
  const device = '/dev/fuse';
  assert.match(await docker.run('run --rm --device', `${device}:/dev/mine:rw`, 'busybox', 'ls', '-l', '/dev/mine'), /^c.* 10, 229 /);
  const open = ['busybox', 'sh', '-c', 'exec 3<>/dev/mine'];
  assert.equal((await docker.outcome('run --rm --device', `${device}:/dev/mine:rw`, ...open)).status, 0);
  assert.match(await docker.refused('run --rm --device', `${device}:/dev/mine:r`, ...open), /Operation not permitted/);
  const make = ['busybox', 'sh', '-c', 'mknod /dev/made c 10 229 && exec 3<>/dev/made'];
  assert.match(await docker.refused('run --rm', ...make), /Operation not permitted/);
  assert.equal((await docker.outcome('run --rm --device-cgroup-rule', 'c 10:* rw', ...make)).status, 0);
  await docker.run('create --name given --device-cgroup-rule', 'c 10:* rw', '--device', '/dev/fuse', 'busybox', 'true');
  assert.equal(
    await docker.inspect('given', '{{json .HostConfig.Devices}} {{json .HostConfig.DeviceCgroupRules}}'),
    '[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"}] ["c 10:* rw"]',
  );
  await docker.run('rm given');
  assert.match(await docker.refused('run --rm --device /dev/nosuch busybox true'), /\/dev\/nosuch: no such file or directory/);
});

test('further groups are given by name or number', async () => {
  assert.match(await docker.run('run --rm --group-add app --group-add 77 busybox id'), /groups=0\(root\),77,1000\(app\)|groups=0\(root\),1000\(app\),77/);
  assert.match(await docker.refused('run --rm --group-add nosuch busybox id'), /unable to find group nosuch/);
});
