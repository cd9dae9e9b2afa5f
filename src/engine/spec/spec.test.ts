import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerRecord } from '../container.ts';
import type { ContainerId, ContainerSpec } from '../types.ts';
import type { Digest } from '#image';
import { capabilitiesOf, DEFAULT_CAPABILITIES } from './capabilities.ts';
import type { Machine } from './machine.ts';
import { oomScoreOf, resourcesOf, rlimitsOf } from './resources.ts';
import { seccompOf } from './seccomp.ts';
import { encodeSpec, MASKED_PATHS, ociSpec, READONLY_PATHS, warningsOf } from './spec.ts';
import { resolveUser } from './user.ts';

const machine: Machine = {
  bounding: new Set<string>(DEFAULT_CAPABILITIES),
  noFileLimit: 20_000,
  cgroupVersion: 1,
  swapAccounting: true,
  cgroupNamespaces: true,
  oomScoreMin: 0,
  lacking: new Set<string>(),
  architecture: 'amd64',
};

function specOf(spec: Partial<ContainerSpec>) {
  // Casts because brands stand for values that the engine makes itself.
  const record: ContainerRecord = {
    id: 'a'.repeat(64) as ContainerId,
    name: 'calm_harbour',
    spec: { owner: { kind: 'docker' }, image: 'busybox', network: { kind: 'none' }, ...spec },
    imageId: 'sha256:0' as Digest,
    created_ms: 0,
    state: { status: 'created' },
    process: { path: 'sh', args: ['-c', 'true'], environment: ['PATH=/bin', 'HOME=/mine'], workingDirectory: '/w', user: '' },
    mounts: [],
    warnings: [],
    hostname: 'host',
    stopSignal: 'SIGTERM',
    exposed: [],
    restartCount: 0,
    stopRequested: false,
    endpoints: {},
    ports: [],
  };
  const user = { uid: 0, gid: 0, additionalGids: [0], home: '/root' };
  return ociSpec({
    record,
    rootfs: '/root',
    cgroupsPath: '/gantry-x/a',
    user,
    networkNamespace: '/ns',
    files: { hosts: '/h' },
    machine,
    hostDevices: [],
    givenDevices: [],
    joined: {},
  });
}

test('a default container as the runtime gets it', () => {
  const spec = specOf({});
  assert.deepEqual(spec.process.args, ['sh', '-c', 'true']);
  assert.deepEqual(spec.process.env, ['PATH=/bin', 'HOSTNAME=host', 'HOME=/mine']);
  assert.deepEqual(new Set(spec.process.capabilities.effective), new Set(DEFAULT_CAPABILITIES));
  assert.deepEqual(spec.process.capabilities.inheritable, []);
  assert.deepEqual(spec.linux.namespaces, [
    { type: 'pid' },
    { type: 'ipc' },
    { type: 'uts' },
    { type: 'mount' },
    { type: 'network', path: '/ns' },
    { type: 'cgroup' },
  ]);
  assert.deepEqual([spec.linux.maskedPaths, spec.linux.readonlyPaths], [MASKED_PATHS, READONLY_PATHS]);
  const mounts = Object.fromEntries(spec.mounts.map(({ destination, options }) => [destination, options]));
  assert.ok(mounts['/sys']?.includes('ro') && mounts['/sys/fs/cgroup']?.includes('ro'));
  assert.ok(mounts['/dev/shm']?.includes('size=67108864'));
  assert.deepEqual(spec.mounts.at(-1), { destination: '/etc/hosts', type: 'bind', source: '/h', options: ['rbind', 'rprivate'] });
});

test('a privileged container has no filter and no masks', () => {
  const { linux, process, mounts } = specOf({ security: { privileged: true } });
  assert.deepEqual([linux.seccomp, linux.maskedPaths, linux.readonlyPaths], [undefined, undefined, undefined]);
  assert.deepEqual(new Set(process.capabilities.bounding), machine.bounding);
  assert.ok(!mounts.find(({ destination }) => destination === '/sys')?.options.includes('ro'));
});

test('the filter knows which calls are refused', () => {
  const names = (capabilities: readonly string[]) =>
    new Set(
      (seccompOf('default', capabilities, 'amd64')?.syscalls ?? [])
        .filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args)
        .flatMap((rule) => rule.names),
    );
  const check = (name: string, capability: string) => {
    assert.ok(!names(DEFAULT_CAPABILITIES).has(name), name);
    assert.ok(names([capability]).has(name), `${name} with ${capability}`);
  };
  for (const name of ['unshare', 'mount', 'umount2', 'setns', 'bpf', 'clone', 'clone3', 'perf_event_open']) check(name, 'CAP_SYS_ADMIN');
  check('reboot', 'CAP_SYS_BOOT');
  check('settimeofday', 'CAP_SYS_TIME');
  for (const name of ['keyctl', 'add_key', 'request_key', 'io_uring_setup', 'userfaultfd', 'kexec_load']) assert.ok(!names(['CAP_SYS_ADMIN']).has(name), name);
  const clone3 = seccompOf('default', [], 'amd64')?.syscalls.find((rule) => rule.names.includes('clone3'));
  assert.deepEqual([clone3?.action, clone3?.errnoRet], ['SCMP_ACT_ERRNO', 38]);
  assert.equal(seccompOf('unconfined', [], 'amd64'), undefined);
  assert.throws(() => seccompOf('{', [], 'amd64'), { code: 'ENGINE_INVALID' });
  const own = seccompOf('{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["chmod"],"action":"SCMP_ACT_ERRNO"}]}', [], 'amd64');
  assert.deepEqual(own?.syscalls, [{ names: ['chmod'], action: 'SCMP_ACT_ERRNO' }]);
});

test('what the machine lacks is told, what is wrong is refused', () => {
  assert.deepEqual(capabilitiesOf({ capabilitiesAdd: ['sys_resource'] }, machine.bounding).warnings.length, 1);
  assert.deepEqual(capabilitiesOf({ capabilitiesDrop: ['ALL'], capabilitiesAdd: ['CHOWN'] }, machine.bounding).value, ['CAP_CHOWN']);
  assert.throws(() => capabilitiesOf({ capabilitiesAdd: ['NOSUCH'] }, machine.bounding), { code: 'ENGINE_INVALID' });
  assert.deepEqual(resourcesOf({ memory_bytes: 64 << 20 }, machine).value, { memory: { limit: 64 << 20, swap: 128 << 20 } });
  assert.deepEqual(resourcesOf({ cpuQuota_us: 50_000, pids: 50 }, machine).value, { cpu: { quota: 50_000, period: 100_000 }, pids: { limit: 50 } });
  assert.throws(() => resourcesOf({ memory_bytes: 1024 }, machine), { code: 'ENGINE_INVALID' });
  assert.deepEqual(rlimitsOf({ ulimits: [{ name: 'nofile', soft: 1e6, hard: 1e6 }] }, machine).value, [{ type: 'RLIMIT_NOFILE', soft: 20_000, hard: 20_000 }]);
  assert.equal(oomScoreOf({ oomScoreAdjust: -500 }, machine).value, 0);
  assert.match(encodeSpec(rlimitsOf({ ulimits: [{ name: 'core', soft: -1, hard: -1 }] }, machine).value), /18446744073709551615/);
  const spec: ContainerSpec = { owner: { kind: 'docker' }, image: '', network: { kind: 'none' }, annotations: { 'run.oci.seccomp_bpf_data': 'x' } };
  assert.throws(() => warningsOf(spec, machine), { code: 'ENGINE_UNSUPPORTED' });
});

test('users and groups by name and number', () => {
  const files = { passwd: 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n', group: 'root:x:0:\napp:x:1001:\nextra:x:5:other,app\n' };
  const check = (text: string, expected: readonly [number, number, readonly number[], string], groups: readonly string[] = []) => {
    const { uid, gid, additionalGids, home } = resolveUser(text, groups, files);
    assert.deepEqual([uid, gid, additionalGids, home], expected, text);
  };
  check('', [0, 0, [0], '/root']);
  check('app', [1000, 1001, [1001, 5], '/home/app']);
  check('1000', [1000, 1001, [1001, 5], '/home/app']);
  check('77', [77, 0, [0], '/']);
  check('app:extra', [1000, 5, [5], '/home/app']);
  check('77:88', [77, 88, [88, 9], '/'], ['9']);
  assert.throws(() => resolveUser('nosuch', [], files), { code: 'ENGINE_INVALID' });
});
