import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes } from './addresses.ts';
import { parseBounding, parseNoFileLimit } from './capabilities.ts';
import { findHierarchies } from './cgroups/hierarchies.ts';
import { parseLimit, weightOf, writesV1, writesV2, parseBlkio } from './cgroups/values.ts';
import { enableLine, usageOf } from './cgroups/version2.ts';
import { ownGroup } from './cgroups/warm-up.ts';
import { mountSteps, parseMountInfo } from './mounts.ts';
import { parseStartTime } from './processes.ts';
import { recordingLinux } from './recording.ts';
import type { CgroupLimits, MountFlag } from './types.ts';

test('limits as files', () => {
  const check = (limits: CgroupLimits, one: string, two: string) => {
    const text = (writes: readonly { file: string; value: string }[]) => writes.map(({ file, value }) => `${file}=${value}`).join(' ');
    assert.equal(text(writesV1(limits)), one);
    assert.equal(text(writesV2(limits)), two);
  };
  check({}, '', '');
  check({ memory_bytes: 67_108_864 }, 'memory.limit_in_bytes=67108864', 'memory.max=67108864');
  check({ memory_bytes: -1 }, 'memory.limit_in_bytes=-1', 'memory.max=max');
  check({ cpu_quota_us: 50_000 }, 'cpu.cfs_quota_us=50000', 'cpu.max=50000 100000');
  check({ cpu_quota_us: 50_000, cpu_period_us: 200_000 }, 'cpu.cfs_period_us=200000 cpu.cfs_quota_us=50000', 'cpu.max=50000 200000');
  check({ cpu_quota_us: 0 }, 'cpu.cfs_quota_us=-1', 'cpu.max=max 100000');
  check({ cpu_shares: 1024, pids: 50 }, 'cpu.shares=1024 pids.max=50', 'cpu.weight=39 pids.max=50');
  assert.deepEqual([2, 1024, 262_144].map(weightOf), [1, 39, 10_000]);
  assert.deepEqual([' max\n', '9223372036854771712\n', '42\n'].map(parseLimit), [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 42]);
});

test('version 2: controllers and usage', () => {
  assert.equal(enableLine('cpuset cpu io memory hugetlb pids rdma\n', 'memory\n'), '+cpu +cpuset +io +pids');
  assert.equal(enableLine('cpu\n', 'cpu\n'), '');
  const texts = {
    cpu: 'usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 9\nnr_throttled 4\nthrottled_usec 7\n',
    current: '100\n',
    max: 'max\n',
    peak: '120\n',
    stat: 'anon 60\ninactive_file 30\n',
  };
  assert.deepEqual(
    usageOf({ ...texts, events: 'oom 1\noom_kill 2\n', pids: '3\n', pidsMax: '50\n', io: '8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n' }, 77),
    {
      cpu_total_ns: 5000,
      machine_cpu_ns: 77,
      cpu_user_ns: 3000,
      cpu_system_ns: 2000,
      memory_usage_bytes: 100,
      memory_working_set_bytes: 70,
      memory_limit_bytes: Number.POSITIVE_INFINITY,
      memory_max_usage_bytes: 120,
      memory_stat: { anon: 60, inactive_file: 30 },
      oom_kills: 2,
      pids: 3,
      pids_limit: 50,
      cpu_throttling: { periods: 9, throttled_periods: 4, throttled_ns: 7000 },
      io: [
        { major: 8, minor: 0, operation: 'read', bytes: 1, count: 3 },
        { major: 8, minor: 0, operation: 'write', bytes: 2, count: 4 },
      ],
    },
  );
  assert.deepEqual(parseBlkio('8:0 Read 1\n8:0 Write 2\n8:0 Total 3\nTotal 3\n', '8:0 Read 5\n'), [
    { major: 8, minor: 0, operation: 'read', bytes: 1, count: 5 },
    { major: 8, minor: 0, operation: 'write', bytes: 2, count: 0 },
  ]);
});

test('which hierarchies are mounted', () => {
  const v2 = parseMountInfo('31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n');
  assert.equal(findHierarchies(v2)?.version, 2);
  const mixed = parseMountInfo(
    [
      '30 2 0:25 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
      '31 2 0:26 / /cg/systemd rw - cgroup cgroup rw,xattr,name=systemd',
      '32 2 0:27 / /cg/unified rw - cgroup2 none rw',
    ].join('\n'),
  );
  const found = findHierarchies(mixed);
  assert.equal(found?.version, 1);
  assert.deepEqual(
    [...(found?.roots ?? [])],
    [
      ['cpu', '/cg/cpu,cpuacct'],
      ['cpuacct', '/cg/cpu,cpuacct'],
      ['systemd', '/cg/systemd'],
    ],
  );
  assert.deepEqual(found?.all, ['/cg/cpu,cpuacct', '/cg/systemd', '/cg/unified']);
  assert.equal(findHierarchies([]), undefined);
});

test('the calls that mount flags take', () => {
  const check = (flags: readonly MountFlag[], expected: string) =>
    assert.equal(
      mountSteps(flags)
        .map((step) => step.join('+'))
        .join(' '),
      expected,
    );
  check([], '');
  check(['bind'], 'bind');
  check(['bind', 'rec', 'ro'], 'bind+rec bind+remount+ro');
  check(['bind', 'private'], 'bind private');
  check(['private', 'rec'], 'private+rec');
  check(['remount', 'bind', 'ro'], 'remount+bind+ro');
  check(['nosuid', 'nodev'], 'nosuid+nodev');
  assert.equal(mountSteps([]).length, 1);
});

test('the group that a process is in', () => {
  const mixed = '5:pids:/a\n4:cpu,cpuacct:/b:c\n1:name=systemd:/d\n0::/e\n';
  const check = (controller: string, expected: string | undefined) => assert.equal(ownGroup(mixed, controller), expected);
  check('pids', '/a');
  check('cpuacct', '/b:c');
  check('', '/e');
  check('memory', undefined);
});

test('mountinfo with spaces in names', () => {
  assert.deepEqual(parseMountInfo('1 2 0:3 / /a\\040b rw - tmpfs none rw,size=1k\n'), [
    { id: 1, parent: 2, device: '0:3', shared: false, target: '/a b', type: 'tmpfs', source: 'none', options: 'rw,rw,size=1k' },
  ]);
});

test('addresses as bytes', () => {
  const check = (text: string, hex: string) => assert.equal(addressBytes(text).toString('hex'), hex);
  check('10.88.0.1', '0a580001');
  check('::', '00'.repeat(16));
  check('::1', `${'00'.repeat(15)}01`);
  check('fd00:1::2:3', 'fd000001000000000000000000020003');
  check('::ffff:1.2.3.4', '00000000000000000000ffff01020304');
  assert.throws(() => addressBytes('10.0.0'), /Cannot use "10.0.0" as an IP address/);
});

test('what /proc says of a process', () => {
  assert.equal(parseStartTime(`7 (a) b) S ${'0 '.repeat(18)}4242 0`), '4242');
  assert.equal(parseStartTime(`7 (a) Z ${'0 '.repeat(18)}4242 0`), undefined);
  assert.deepEqual([...parseBounding('CapPrm:\t0\nCapBnd:\t0000000000000005\n')], ['CAP_CHOWN', 'CAP_DAC_READ_SEARCH']);
  assert.equal(parseNoFileLimit('Max open files            1024                 20000                files\n'), 20_000);
});

test('the fake records', async () => {
  const linux = recordingLinux();
  linux.mounts.unmount('/x');
  await linux.cgroups.create('a');
  assert.deepEqual(linux.calls, [
    { call: 'mounts.unmount', args: ['/x'] },
    { call: 'cgroups.create', args: ['a'] },
  ]);
});
