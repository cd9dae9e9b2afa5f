import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { systemClock } from '#kit';
import { MAIN, startTestDaemon } from '../support/daemon.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-daemon-json-'));
after(() => rm(folder, { recursive: true, force: true }));
const file = join(folder, 'daemon.json');
const profile = join(folder, 'seccomp.json');
await writeFile(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] }));
const CONTENT = {
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '1m', 'max-file': '2' },
  dns: ['192.0.2.53'],
  'dns-search': ['inside.example'],
  'dns-opts': ['timeout:1'],
  bip: '172.29.0.7/16',
  mtu: 1400,
  'default-address-pools': [{ base: '172.28.0.0/16', size: 26 }],
  'default-ulimits': { nofile: { Name: 'nofile', Soft: 512, Hard: 1024 } },
  'default-shm-size': '8M',
  'no-new-privileges': true,
  'seccomp-profile': profile,
  init: true,
  ip: '127.0.0.1',
  labels: ['rack=7', 'disk=ssd'],
  'insecure-registries': ['reg.example:5000', '198.51.100.0/24'],
  'registry-mirrors': ['https://mirror.example'],
  proxies: { 'https-proxy': 'http://ann:secret@proxy.example:3128', 'no-proxy': 'inside.example' },
  'live-restore': true,
  'userland-proxy': false,
  group: '1000',
  'storage-opts': [],
  hosts: ['tcp://127.0.0.1:2375'],
};
await writeFile(file, JSON.stringify(CONTENT));
const daemon = await startTestDaemon(['--parts', 'engine', '--daemon-json', file]);
after(() => daemon[Symbol.asyncDispose]());
await output(daemon.docker(['import', '-', 'busybox'], { input: busyboxTar() }));
const docker = (...words: readonly string[]) => output(daemon.docker(words));
const run = (script: string, ...options: readonly string[]) => docker('run', '--rm', ...options, 'busybox', 'sh', '-c', script);

test('new containers have the defaults, as the program inside sees them', async () => {
  const seen = await run(
    'cat /etc/resolv.conf; ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1; grep NoNewPrivs /proc/self/status; cat /proc/1/comm; mkdir /tmp/x 2>&1 || true',
  );
  assert.match(seen, /nameserver 192\.0\.2\.53\nsearch inside\.example\noptions timeout:1\n/);
  assert.match(seen, /\n512\n1024\n.* 8192 /);
  assert.match(seen, /NoNewPrivs:\s1\n/);
  assert.match(seen, /\n(?:init|catatonit|tini|docker-init)\n/);
  assert.match(seen, /mkdir: .*Operation not permitted/);
});

test('what a container says itself wins', async () => {
  const own = [
    '--dns',
    '192.0.2.54',
    '--ulimit',
    'nofile=99:100',
    '--shm-size',
    '4m',
    '--init=false',
    '--security-opt',
    'seccomp=unconfined',
    '--security-opt',
    'no-new-privileges=false',
  ];
  const seen = await run(
    'cat /etc/resolv.conf; ulimit -n; df -k /dev/shm | tail -1; grep NoNewPrivs /proc/self/status; cat /proc/1/comm; mkdir /tmp/x && echo made',
    ...own,
  );
  assert.match(seen, /nameserver 192\.0\.2\.54\nsearch inside\.example\n/);
  assert.match(seen, /\n99\n.* 4096 [\s\S]*NoNewPrivs:\s0\nsh\nmade\n$/);
});

test('logs are bounded by default, and a container of another driver has none of the options', async () => {
  await docker('create', '--name', 'logs', 'busybox', 'true');
  await docker('create', '--name', 'local', '--log-driver', 'local', 'busybox', 'true');
  const shown = await docker('inspect', '-f', '{{json .HostConfig.LogConfig}}', 'logs', 'local');
  assert.equal(shown, '{"Type":"json-file","Config":{"max-file":"2","max-size":"1m"}}\n{"Type":"local","Config":{}}\n');
});

test('the default network and new ones stand where they should', async () => {
  const seen = await run('ip -4 addr show eth0; ip route');
  assert.match(seen, /mtu 1400/);
  assert.match(seen, /inet 172\.29\.\d+\.\d+\/16/);
  assert.match(seen, /default via 172\.29\.0\.7 /);
  await docker('network', 'create', 'front');
  assert.match(await docker('network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', 'front'), /^172\.28\.0\.\d+\/26$/m);
});

test('ports of the default network are published on the address that was named', async () => {
  await docker('run', '-d', '--name', 'web', '-p', '8088:80', '-p', '192.0.2.10:8089:80', 'busybox', 'sleep', '600');
  await docker('run', '-d', '--name', 'other', '--network', 'front', '-p', '8090:80', 'busybox', 'sleep', '600');
  await docker('run', '-d', '--name', 'all', '-P', '--expose', '81', 'busybox', 'sleep', '600');
  assert.equal(await docker('port', 'web'), '80/tcp -> 127.0.0.1:8088\n80/tcp -> 192.0.2.10:8089\n');
  assert.match(await docker('port', 'other'), /0\.0\.0\.0:8090/);
  assert.match(await docker('port', 'all'), /^81\/tcp -> 127\.0\.0\.1:\d+\n$/);
  await docker('rm', '-f', 'web', 'other', 'all');
});

test('docker info tells the truth', async () => {
  // The form of `docker info`, as far as it is looked at.
  const info = JSON.parse(await docker('info', '--format', '{{json .}}')) as Readonly<Record<string, unknown>>;
  const expected = {
    LoggingDriver: 'json-file',
    Labels: ['rack=7', 'disk=ssd'],
    HttpProxy: '',
    HttpsProxy: 'http://xxxxx:xxxxx@proxy.example:3128',
    NoProxy: 'inside.example',
    LiveRestoreEnabled: true,
    DefaultRuntime: 'crun',
    DefaultAddressPools: [{ Base: '172.28.0.0/16', Size: 26 }],
  };
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(info[key], value, key);
  assert.deepEqual(
    (info['SecurityOptions'] as readonly string[]).filter((option) => option !== 'name=cgroupns'),
    [`name=seccomp,profile=${profile}`, 'name=no-new-privileges'],
  );
  assert.match(JSON.stringify(info['RegistryConfig']), /"InsecureRegistryCIDRs":\["::1\/128","127\.0\.0\.0\/8","198\.51\.100\.0\/24"\]/);
  assert.match(JSON.stringify(info['RegistryConfig']), /"reg\.example:5000":\{"Mirrors":\[\],"Name":"reg\.example:5000","Official":false,"Secure":false\}/);
  assert.match(JSON.stringify(info['RegistryConfig']), /"Mirrors":\["https:\/\/mirror\.example"\]/);
  const warnings = info['Warnings'] as readonly string[];
  assert.ok(warnings.some((words) => words.startsWith('WARNING: API is accessible on http://127.0.0.1:2375 without encryption')));
  assert.ok(warnings.some((words) => words.startsWith('WARNING: "storage-opts" in ')));
  assert.match(await docker('info'), /Live Restore Enabled: true/);
});

test('the group has the sockets, and the hosts of the file are served', async () => {
  assert.equal((await stat(daemon.dockerSocket)).gid, 1000);
  assert.match(await docker('-H', 'tcp://127.0.0.1:2375', 'version'), /Server:/);
});

test('a container keeps what it got when the file changes; the command line wins over the file', async () => {
  await docker('create', '--name', 'old', 'busybox', 'true');
  await writeFile(file, JSON.stringify({ 'log-driver': 'local', 'log-level': 'error', hosts: ['tcp://127.0.0.1:2374'] }));
  await daemon.crash();
  await daemon.restart(['--parts', 'engine', '--daemon-json', file, '--host', 'tcp://127.0.0.1:2373']);
  await docker('create', '--name', 'new', 'busybox', 'true');
  assert.equal(await docker('inspect', '-f', '{{.HostConfig.LogConfig.Type}}', 'old', 'new'), 'json-file\nlocal\n');
  assert.match(await docker('-H', 'tcp://127.0.0.1:2373', 'version'), /Server:/);
  assert.notEqual((await daemon.docker(['-H', 'tcp://127.0.0.1:2374', 'version'])).status, 0);
});

test('the default network is not moved away under containers that run', async () => {
  await docker('run', '-d', '--name', 'stays', 'busybox', 'sleep', '600');
  const before = await docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'stays');
  await writeFile(file, JSON.stringify({ bip: '172.26.0.1/24' }));
  await daemon.crash();
  await assert.rejects(
    daemon.restart(['--parts', 'engine', '--daemon-json', file]),
    /Cannot move the default network to 172\.26\.0\.0\/24: containers run on it with other addresses \(stays\)/,
  );
  await daemon.restart(['--parts', 'engine']);
  assert.equal(await docker('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'stays'), before);
  assert.match(await docker('run', '--rm', 'busybox', 'ping', '-c', '1', '-W', '2', before.trim()), /1 packets received/);
  await docker('rm', '-f', 'stays');
});

test('shutdown-timeout is how long gantry down lets a container end that goes on', async () => {
  await writeFile(file, JSON.stringify({ 'shutdown-timeout': 1 }));
  await daemon.crash();
  await daemon.restart(['--parts', 'engine', '--daemon-json', file]);
  await docker(
    'run',
    '-d',
    '--name',
    'stubborn',
    '--stop-timeout',
    '60',
    'busybox',
    'sh',
    '-c',
    'trap "echo no" TERM; echo ready; while :; do sleep 0.05; done',
  );
  await eventually('it to listen', async () => (await docker('logs', 'stubborn')).includes('ready'));
  const began = systemClock.monotonic();
  await output(daemon.gantry(['down']));
  assert.ok(systemClock.monotonic() - began < 30_000, 'well before its own minute');
  await daemon.restart(['--parts', 'engine']);
  assert.equal(await docker('inspect', '-f', '{{.State.ExitCode}}', 'stubborn'), '137\n');
  assert.match(await docker('logs', 'stubborn'), /no\n/);
});

for (const [content, words] of [
  [{ 'userns-remap': 'default' }, /Cannot take "userns-remap" in .*daemon\.json: containers stand in the machine's user namespace/],
  [{ 'live-restore': false }, /Cannot take "live-restore" in .*: false is not to be had: containers always outlive the daemon here/],
  [{ 'default-runtime': 'kata' }, /Cannot take "kata" for default-runtime: the runtimes here are crun/],
  [{ runtimes: { gone: { path: '/no/such/runtime' } } }, /Cannot use the runtime gone: \/no\/such\/runtime is not there/],
  [{ 'seccomp-profile': '/no/such/profile' }, /Cannot use the seccomp-profile \/no\/such\/profile: /],
  [{ group: 'no-such-group' }, /there is none of that name\. Make it with "groupadd no-such-group"/],
  [{ proxies: { 'https-proxy': 'socks5://p:1' } }, /Cannot take "socks5:\/\/p:1" for --https-proxy/],
] as const)
  test(`${JSON.stringify(content)} is refused in words`, async () => {
    await writeFile(file, JSON.stringify(content));
    const place = join(folder, 'refused');
    const up = [process.execPath, '--no-warnings', MAIN, 'up', '--parts', 'engine', '--data-dir', join(place, 'data'), '--run-dir', join(place, 'run')];
    const { status, stderr } = await daemon.inside([...up, '--daemon-json', file]);
    assert.equal(status, 1);
    assert.match(stderr, words);
    await assert.rejects(stat(place), { code: 'ENOENT' });
  });
