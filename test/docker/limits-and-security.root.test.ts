import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { keyctlProbe } from '../support/probe.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

/** What Docker gives a container by default (capabilities(7), one bit each). */
const DEFAULT_CAPABILITIES = 0xa80425fbn;

/** A field of /proc/self/status in a container. */
async function status(field: string, ...options: readonly string[]): Promise<string> {
  const text = await docker.run('run --rm', ...options, 'busybox', 'cat', '/proc/self/status');
  return new RegExp(`^${field}:\\s*(\\S+)$`, 'm').exec(text)?.[1] ?? '';
}
const capabilities = async (...options: readonly string[]) => BigInt(`0x${await status('CapEff', ...options)}`);
/** What this process, and so the daemon, may hand on. */
const bounding = BigInt(`0x${/^CapBnd:\s*(\S+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);

test('a process over its memory is killed, and docker inspect says so', async () => {
  await using events = docker.open('events --since 0s --filter event=oom --format', '{{.Actor.Attributes.name}}');
  const outcome = await docker.outcome('run --name greedy --memory 64m --cpus 0.5 --pids-limit 50 busybox sh -c', 'exec tail /dev/zero');
  assert.equal(outcome.status, 137);
  assert.equal(await docker.inspect('greedy', '{{.State.OOMKilled}} {{.State.ExitCode}} {{.State.Status}}'), 'true 137 exited');
  await events.hears(/greedy\n/);
  assert.equal(await docker.inspect('greedy', '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}'), '67108864 500000000 50');
  await docker.run('rm greedy');
  await docker.run('run --name modest --memory 64m busybox true');
  assert.equal(await docker.inspect('modest', '{{.State.OOMKilled}}'), 'false');
  await docker.run('rm modest');
});

test('a busy loop at --cpus 0.5 reads 45 to 55 % in docker stats', async () => {
  await docker.run('run -d --name busy --cpus 0.5 busybox sh -c', 'while :; do :; done');
  // A machine that others load may give it less, never more.
  await eventually(
    'a share of 45 % and more',
    async () => {
      const share = Number.parseFloat(await docker.run('stats --no-stream --format', '{{.CPUPerc}}', 'busy'));
      assert.ok(share <= 55, `${share} %`);
      return share >= 45;
    },
    30_000,
  );
  await docker.run('rm -f busy');
});

test('a fork bomb stops at --pids-limit', async () => {
  await docker.run('run -d --name bomb --pids-limit 50 busybox sh -c', 'bomb() { bomb & bomb; }; trap "" CHLD; while :; do sleep 100 & done');
  await using _watched = docker.open('logs -f bomb');
  const { stdout } = await docker.outcome('stats --no-stream --format', '{{.PIDs}}', 'bomb');
  assert.ok(Number(stdout) <= 50, stdout);
  assert.match(await docker.refused('run --rm --pids-limit 20 busybox sh -c', 'for i in $(seq 30); do sleep 5 & done; wait'), /can't fork/);
  await docker.run('rm -f bomb');
});

test('capabilities are the default ones, added, dropped and all', async () => {
  assert.equal(await capabilities(), DEFAULT_CAPABILITIES & bounding);
  assert.equal(await capabilities('--cap-drop', 'ALL'), 0n);
  assert.equal(await capabilities('--cap-drop', 'ALL', '--cap-add', 'CHOWN'), 1n);
  assert.equal(await capabilities('--cap-add', 'SYS_ADMIN'), (DEFAULT_CAPABILITIES & bounding) | (bounding & (1n << 21n)));
  assert.equal(await capabilities('--privileged'), bounding);
  assert.equal(await capabilities('-u', 'app'), 0n);
});

test('system calls are filtered, and no new privileges are given on request', async () => {
  assert.equal(await status('Seccomp'), '2');
  assert.equal(await status('Seccomp', '--privileged'), '0');
  assert.equal(await status('Seccomp', '--security-opt', 'seccomp=unconfined'), '0');
  assert.equal(await status('NoNewPrivs'), '0');
  assert.equal(await status('NoNewPrivs', '--security-opt', 'no-new-privileges'), '1');
});

for (const [words, said] of [
  [['unshare', '-U', 'true'], /Operation not permitted/],
  [['mount', '-t', 'tmpfs', 'none', '/tmp'], /permission denied/],
  [['umount', '/proc/kcore'], /Operation not permitted|can't unmount/],
  [['hostname', 'other'], /Operation not permitted/],
  [['mknod', '/tmp/disk', 'b', '8', '0'], /^$/],
  [['sh', '-c', 'mknod /tmp/disk b 8 0; head -c1 /tmp/disk'], /Operation not permitted|No such device/],
  [['sh', '-c', 'echo 1 > /proc/sys/kernel/panic'], /Read-only file system/],
  [['sh', '-c', 'echo b > /proc/sysrq-trigger'], /Read-only file system|nonexistent|can't create/],
  [['sh', '-c', '[ -d /sys/fs/cgroup/memory ] && cd /sys/fs/cgroup/memory || cd /sys/fs/cgroup; mkdir x'], /Read-only file system/],
  [['reboot', '-f'], /Operation not permitted|can't|must be/],
] as const)
  test(`${words.join(' ')} ${said.source === '^$' ? 'works' : 'fails'} in a default container`, async () => {
    const outcome = await docker.outcome('run --rm busybox', ...words);
    assert.equal(outcome.status === 0, said.source === '^$', outcome.stderr);
    assert.match(outcome.stderr, said);
  });

test('masked paths show nothing', async () => {
  const said = await docker.run(
    'run --rm busybox sh -c',
    'for p in /proc/kcore /proc/keys /proc/timer_list; do [ -e $p ] && head -c1 $p | wc -c; done; ls -A /sys/firmware /proc/scsi /proc/acpi 2>/dev/null | grep -v : ; true',
  );
  assert.doesNotMatch(said, /[^0\n]/);
});

test('another user than root may listen on port 80', async () => {
  await docker.run('run -d --name low -u app busybox httpd -f -p 80 -h /etc');
  const command = 'for i in $(seq 50); do wget -qO- http://127.0.0.1/group && exit 0; sleep 0.1; done; exit 1';
  assert.match(await docker.run('exec low sh -c', command), /app:x:1000/);
  assert.match(await docker.run('top low -o pid,uid'), /^\d+\s+1000$/m);
  await docker.run('rm -f low');
});

test('a read-only root refuses writes, but not in its mounts', async () => {
  assert.match(await docker.refused('run --rm --read-only busybox touch /x'), /Read-only file system/);
  await docker.run('run --rm --read-only --tmpfs /tmp -v data:/data busybox touch /tmp/x /data/x');
  await docker.run('volume rm data');
});

test('a privileged container may mount and sees devices', async () => {
  assert.match(
    await docker.run('run --rm --privileged busybox sh -c', 'mount -t tmpfs none /tmp && grep -c " /tmp " /proc/mounts; ls /dev'),
    /^1\n[\s\S]*\nloop-control\n|^1\n[\s\S]*\nkmsg\n/,
  );
  assert.doesNotMatch(await docker.run('run --rm busybox ls /dev'), /kmsg|loop-control/);
});

test('limits of files and sizes of shared memory arrive', async () => {
  assert.equal(await docker.run('run --rm --ulimit nofile=123:456 busybox sh -c', 'ulimit -n; ulimit -Hn'), '123\n456\n');
  assert.equal(await docker.run('run --rm --sysctl net.ipv4.ip_default_ttl=42 busybox cat /proc/sys/net/ipv4/ip_default_ttl'), '42\n');
});

test('users and groups come from the image or from numbers', async () => {
  assert.equal(await docker.run('run --rm -u app busybox id'), 'uid=1000(app) gid=1000(app) groups=1000(app)\n');
  assert.equal(await docker.run('run --rm -u 7:8 --group-add 9 busybox id'), 'uid=7 gid=8 groups=8,9\n');
});

test('the docker socket is for its owner and group only', async () => {
  assert.equal((await stat(docker.daemon.dockerSocket)).mode & 0o777, 0o660);
});

test("a container sees neither the host's processes nor its other containers", async () => {
  await docker.run('run -d --name neighbour busybox', ...LASTING);
  assert.equal(await docker.run('run --rm busybox sh -c', 'ls -d /proc/[0-9]* | wc -l'), '3\n');
  assert.doesNotMatch(await docker.run('run --rm busybox cat /proc/mounts'), /neighbour|docker\.sock/);
  await docker.run('rm -f neighbour');
});

test('keyctl is refused, since keys belong to the machine', { skip: process.arch === 'x64' ? false : 'the probe is for x86-64' }, async () => {
  const path = join(docker.daemon.folder, 'probe');
  await writeFile(path, keyctlProbe(), { mode: 0o755 });
  const run = async (...options: readonly string[]) => (await docker.outcome(`run --rm -v ${path}:/probe:ro`, ...options, 'busybox', '/probe')).status;
  assert.equal(await run(), constants.errno.EPERM);
  assert.notEqual(await run('--security-opt', 'seccomp=unconfined'), constants.errno.EPERM, 'it is the filter that refuses');
});

test('--init puts an init before the program, which takes in orphans and hands on signals', async () => {
  await docker.run('run -d --init --name kept busybox sh -c', 'sleep 1000');
  assert.match(await docker.run('exec kept cat /proc/1/cmdline'), /docker-init/);
  await docker.run('exec kept sh -c', '(sleep 0.1 &)');
  await eventually(
    'the orphan to be gone',
    async () => !(await docker.run('exec kept ps')).includes('sleep 0.1') && !(await docker.run('exec kept ps')).includes('[sleep]'),
  );
  // Without an init sleep would be process 1, which hears no SIGTERM.
  await docker.run('stop -t 30 kept');
  assert.equal(await docker.inspect('kept', '{{.State.ExitCode}} {{.HostConfig.Init}}'), '143 true');
  await docker.run('rm kept');
  assert.equal((await docker.outcome('run --rm --init --read-only busybox sh -c', 'exit 7')).status, 7);
  assert.match(await docker.refused('run --rm --init busybox nosuch'), /nosuch|failed/);
  assert.doesNotMatch(await docker.run('run --rm --init --pid host busybox cat /proc/self/cmdline'), /init/);
});
