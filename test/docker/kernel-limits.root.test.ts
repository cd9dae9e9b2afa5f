import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { KERNEL_FEATURES, lackingFields } from '../../src/engine/spec/lacking.ts';
import { startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const version = existsSync('/sys/fs/cgroup/cgroup.controllers') ? 2 : 1;
const lacking = lackingFields(version, existsSync);
const onVersion1 = { skip: version === 1 ? false : 'the files are those of control groups of version 1' };

/** Options of docker that ask for each of them. */
const OPTIONS: Readonly<Record<string, string>> = {
  BlkioWeight: '--blkio-weight 300',
  'BlkioDevice limits': '--device-read-bps /dev/loop0:1mb',
  OomKillDisable: '--oom-kill-disable --memory 64m',
  MemorySwappiness: '--memory-swappiness 10 --memory 64m',
  'StorageOpt size': '--storage-opt size=1G',
};

for (const { field, reason } of KERNEL_FEATURES)
  test(`${field} is ${lacking.has(field) ? 'refused with the reason' : 'given'} here`, async () => {
    const option = OPTIONS[field];
    assert.ok(option !== undefined, 'every field on the list is tried');
    if (!lacking.has(field)) return void (await docker.run(`run --rm ${option} busybox true`));
    const said = await docker.refused(`run --rm ${option} busybox true`);
    assert.ok(said.includes(`HostConfig.${field} is not supported: ${reason}`), said);
    assert.equal(await docker.run('ps -aq'), '');
  });

test('limits arrive in the control groups and are shown as given', onVersion1, async () => {
  const show = 'cat /sys/fs/cgroup/memory/memory.swappiness; grep oom_kill_disable /sys/fs/cgroup/memory/memory.oom_control';
  const words = await docker.run('run --name limited --memory 64m --memory-swappiness 10 --oom-kill-disable busybox sh -c', show);
  assert.equal(words, '10\noom_kill_disable 1\n');
  assert.equal(await docker.inspect('limited', '{{.HostConfig.MemorySwappiness}} {{.HostConfig.OomKillDisable}}'), '10 true');
  await docker.run('rm limited');
  assert.match(await docker.refused('run --memory-swappiness 101 busybox true'), /range is 0-100/);
});

test('reads and writes of block devices are throttled', onVersion1, async () => {
  const options = '--device-read-bps /dev/loop0:1mb --device-write-iops /dev/loop1:50';
  const files = ['busybox', 'sh', '-c', 'cd /sys/fs/cgroup/blkio; cat blkio.throttle.read_bps_device blkio.throttle.write_iops_device'];
  assert.equal(await docker.run(`run --name slow ${options}`, ...files), '7:0 1048576\n7:1 50\n');
  const format = '{{json .HostConfig.BlkioDeviceReadBps}} {{json .HostConfig.BlkioDeviceWriteIOps}}';
  assert.equal(await docker.inspect('slow', format), '[{"Path":"/dev/loop0","Rate":1048576}] [{"Path":"/dev/loop1","Rate":50}]');
  await docker.run('rm slow');
  assert.match(await docker.refused('run --rm --device-read-bps /dev/null:1mb busybox true'), /\/dev\/null is none/);
});

test('what is left out is said', async () => {
  assert.match((await docker.outcome('run --rm --oom-kill-disable busybox true')).stderr, version === 1 ? /no memory limit is set/ : /not supported/);
  // This docker sends the field no longer.
  const body = '{"Image":"busybox","Cmd":["true"],"HostConfig":{"KernelMemory":52428800}}';
  const post = ['curl', '-s', '--unix-socket', docker.daemon.dockerSocket, '-H', 'content-type: application/json', '-d', body];
  assert.match(await docker.inside([...post, 'http://x/v1.41/containers/create?name=kernel']), /"Warnings":\["Specifying a kernel memory limit/);
  await docker.run('rm kernel');
});

test('a hardware address is given to the main network or to an endpoint', async () => {
  const address = ['busybox', 'cat', '/sys/class/net/eth0/address'];
  assert.equal(await docker.run('run --rm --mac-address 02:11:22:33:44:55', ...address), '02:11:22:33:44:55\n');
  await docker.run('network create own');
  assert.equal(await docker.run('run --name there --network name=own,mac-address=02-AA-22-33-44-55', ...address), '02:aa:22:33:44:55\n');
  await docker.run('rm there');
  await docker.run('network rm own');
  assert.match(await docker.refused('run --rm --network name=bridge,mac-address=01:00:00:00:00:01 busybox true'), /address of many/);
});
