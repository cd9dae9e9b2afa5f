import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { interpret, readDaemonJson } from './daemon-json.ts';
import { DAEMON_JSON_KEYS } from './daemon-json-keys.ts';

type Meaning = ReturnType<typeof interpret>;
const NOTHING: Meaning = { options: {}, settings: {}, warnings: [] };

/** For each key that is taken: a value, and what it comes to. */
const TAKEN: readonly (readonly [string, unknown, Partial<Meaning>])[] = [
  ['bip', '192.0.2.9/24', { settings: { bridge: { subnet: '192.0.2.0/24', gateway: '192.0.2.9' } } }],
  ['data-root', '/srv/gantry', { options: { 'data-dir': '/srv/gantry' } }],
  ['debug', true, { options: { 'log-level': 'debug' } }],
  ['debug', false, {}],
  ['default-address-pools', [{ base: '172.30.7.0/16', size: 26 }], { settings: { addressPools: [{ base: '172.30.0.0/16', size: 26 }] } }],
  ['default-cgroupns-mode', 'host', { settings: { defaults: { cgroupNamespace: 'host' } } }],
  ['default-cgroupns-mode', 'private', { settings: {} }],
  ['default-ipc-mode', 'shareable', { settings: { defaults: { ipcMode: 'shareable' } } }],
  ['default-runtime', 'runc', { settings: { defaultRuntime: 'runc' } }],
  ['default-shm-size', '64M', { settings: { defaults: { shmSize_bytes: 2 ** 26 } } }],
  ['default-shm-size', 1024, { settings: { defaults: { shmSize_bytes: 1024 } } }],
  [
    'default-ulimits',
    { nofile: { Name: 'nofile', Soft: 1024, Hard: -1 } },
    { settings: { defaults: { ulimits: [{ name: 'nofile', soft: 1024, hard: -1 }] } } },
  ],
  ['dns', ['192.0.2.53'], { settings: { defaults: { dns: { servers: ['192.0.2.53'] } } } }],
  ['dns-opts', ['ndots:2'], { settings: { defaults: { dns: { options: ['ndots:2'] } } } }],
  ['dns-search', ['example.org'], { settings: { defaults: { dns: { search: ['example.org'] } } } }],
  ['exec-root', '/run/g', { options: { 'run-dir': '/run/g' } }],
  ['features', { buildkit: false }, {}],
  ['group', 'docker', { settings: { groupName: 'docker' } }],
  ['hosts', ['unix:///run/a.sock', 'tcp://127.0.0.1:2375'], { options: { host: 'unix:///run/a.sock,tcp://127.0.0.1:2375' } }],
  ['init', true, { settings: { defaults: { init: true } } }],
  ['insecure-registries', ['reg:5000', '10.0.0.0/8'], { settings: { registries: { insecure: ['reg:5000', '10.0.0.0/8'], mirrors: [] } } }],
  ['ip', '127.0.0.1', { settings: { defaults: { publishAddress: '127.0.0.1' } } }],
  ['ip', '0.0.0.0', { settings: {} }],
  ['labels', ['a=b', 'c='], { settings: { labels: ['a=b', 'c='] } }],
  ['log-driver', 'local', { settings: { defaults: { log: { driver: 'local', options: {} } } } }],
  ['log-level', 'warn', { options: { 'log-level': 'warn' } }],
  ['log-opts', { 'max-size': '10m' }, { settings: { defaults: { log: { driver: 'json-file', options: { 'max-size': '10m' } } } } }],
  ['max-concurrent-downloads', 5, { settings: { remote: { downloadsMax: 5 } } }],
  ['max-concurrent-uploads', 2, { settings: { remote: { uploadsMax: 2 } } }],
  ['max-download-attempts', 1, { settings: { remote: { attemptsMax: 1 } } }],
  ['icc', false, { settings: { bridge: { options: { 'com.docker.network.bridge.enable_icc': 'false' } } } }],
  ['icc', true, {}],
  ['mtu', 1400, { settings: { bridge: { options: { 'com.docker.network.driver.mtu': '1400' } } } }],
  ['no-new-privileges', true, { settings: { defaults: { noNewPrivileges: true } } }],
  ['proxies', { 'http-proxy': 'http://p:1', 'no-proxy': 'a' }, { options: { 'http-proxy': 'http://p:1', 'no-proxy': 'a' } }],
  ['registry-mirrors', ['https://m.example/'], { settings: { registries: { insecure: [], mirrors: ['https://m.example/'] } } }],
  ['runtimes', { t: { path: '/bin/t', runtimeArgs: ['-x'] } }, { settings: { runtimes: [{ name: 't', path: '/bin/t', args: ['-x'] }] } }],
  ['seccomp-profile', '/etc/s.json', { settings: { seccompProfile: '/etc/s.json' } }],
  ['shutdown-timeout', 15, { settings: { shutdownTimeout_seconds: 15 } }],
  ['tls', true, { options: { tls: 'true' } }],
  ['tlscacert', '/ca', { options: { tlscacert: '/ca' } }],
  ['tlscert', '/cert', { options: { tlscert: '/cert' } }],
  ['tlskey', '/key', { options: { tlskey: '/key' } }],
  ['tlsverify', true, { options: { tlsverify: 'true' } }],
];

for (const [key, value, meaning] of TAKEN)
  test(`"${key}": ${JSON.stringify(value)} is taken`, () => assert.deepEqual(interpret({ [key]: value }, 'd.json'), { ...NOTHING, ...meaning }));

for (const [key, row] of Object.entries(DAEMON_JSON_KEYS))
  test(`"${key}" is taken, said or refused by its name`, () => {
    if (row.kind === 'option' || row.kind === 'setting') {
      assert.ok(
        TAKEN.some(([name]) => name === key),
        'it has a case above',
      );
      assert.throws(() => interpret({ [key]: { nonsense: { of: 1 } } }, 'd.json'), {
        code: 'CONFIG_INVALID',
        message: new RegExp(`^Cannot take "${key}" in d\\.json: `),
      });
    } else if (row.kind === 'fixed') {
      for (const value of row.values) assert.deepEqual(interpret({ [key]: value }, 'd.json'), NOTHING);
      assert.throws(() => interpret({ [key]: 'else' }, 'd.json'), { message: `Cannot take "${key}" in d.json: "else" is not to be had: ${row.why}` });
    } else if (row.kind === 'warned') {
      assert.deepEqual(interpret({ [key]: 1 }, 'd.json'), { ...NOTHING, warnings: [`"${key}" in d.json has no effect: ${row.why}`] });
    } else assert.throws(() => interpret({ [key]: true }, 'd.json'), { code: 'CONFIG_INVALID', message: `Cannot take "${key}" in d.json: ${row.why}` });
  });

test('a key that nobody has is refused, whatever objects inherit', () => {
  for (const key of ['data-dir', 'constructor'])
    assert.throws(() => interpret({ [key]: 1 }, 'd.json'), { message: `Cannot take "${key}" in d.json: neither Docker nor Gantry has such a key` });
});

test('what a right value looks like is said', () => {
  const check = (key: string, value: unknown, words: RegExp) => assert.throws(() => interpret({ [key]: value }, 'd.json'), words);
  check('bip', '10.0.0.1', /must be an address with its network, such as 192\.0\.2\.1\/24/);
  check('default-address-pools', [{ base: 'fd00::/8', size: 64 }], /must be an address with its network/);
  check('default-address-pools', [{ base: '10.0.0.0/16', size: 8 }], /size 8 must be from the base's own bits to 29/);
  check('default-shm-size', 'much', /it must be a size, such as "64M"/);
  check('dns', ['dns.example'], /it must be an IPv4 address/);
  check('features', { teleport: true }, /no feature "teleport"/);
  check('insecure-registries', ['http://reg:5000'], /without a scheme/);
  check('insecure-registries', ['10.0.0.0/99'], /is no registry/);
  check('labels', ['b'], /must be NAME=VALUE/);
  check('log-driver', 'syslog', /the drivers here are json-file, local and none/);
  check('log-opts', { 'max-size': 10 }, /max-size must be a text/);
  check('log-opts', { tag: 'x' }, /log opt 'tag'/);
  check('max-concurrent-downloads', 0, /it must be a whole number from 1 up/);
  check('proxies', { 'ftp-proxy': 'x' }, /no "ftp-proxy"/);
  check('registry-mirrors', ['mirror.example'], /a right one is https:\/\/mirror\.example/);
  check('runtimes', { crun: { path: '/x' } }, /choose another name/);
  check('runtimes', { '../x': { path: '/x' } }, /is no name of a runtime/);
  check('runtimes', { kata: { runtimeType: 'io.containerd.kata.v2' } }, /not runtimeType: runtimes are OCI command lines/);
});

test('keys that are parts of one setting stand side by side', () => {
  const { settings, options, warnings } = interpret(
    {
      dns: ['192.0.2.53'],
      'dns-search': ['a'],
      'log-driver': 'local',
      'log-opts': { 'max-file': '3' },
      'insecure-registries': ['x'],
      'registry-mirrors': ['https://m'],
      mtu: 1400,
      icc: false,
      bip: '192.0.2.1/24',
      features: { buildkit: true },
      init: true,
    },
    'd.json',
  );
  assert.deepEqual(settings, {
    defaults: { dns: { servers: ['192.0.2.53'], search: ['a'] }, log: { driver: 'local', options: { 'max-file': '3' } }, init: true },
    registries: { insecure: ['x'], mirrors: ['https://m'] },
    bridge: {
      options: { 'com.docker.network.driver.mtu': '1400', 'com.docker.network.bridge.enable_icc': 'false' },
      subnet: '192.0.2.0/24',
      gateway: '192.0.2.1',
    },
  });
  assert.deepEqual(options, {});
  assert.match(warnings.join(), /features\.buildkit is not done here/);
});

test('a file that is none is refused in words', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-daemon-json-'));
  try {
    const path = join(folder, 'daemon.json');
    await assert.rejects(readDaemonJson(path), { code: 'CONFIG_INVALID', message: /^Cannot read .*ENOENT/ });
    await writeFile(path, '{"bip":');
    await assert.rejects(readDaemonJson(path), { message: /^Cannot read .*JSON/ });
    await writeFile(path, '[]');
    await assert.rejects(readDaemonJson(path), { message: /it must be a JSON object/ });
    await writeFile(path, '{}');
    assert.deepEqual(await readDaemonJson(path), NOTHING);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the page about the configuration names every key', async () => {
  const page = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  assert.deepEqual(
    Object.keys(DAEMON_JSON_KEYS).filter((key) => !page.includes(`\`${key}\``)),
    [],
  );
});
