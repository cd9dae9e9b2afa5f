import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containerSpec } from './create-request.ts';
import { KNOWN_FIELDS, UNSUPPORTED_FIELDS } from './unsupported.ts';

const spec = (body: object) => containerSpec({ Image: 'busybox', ...body }, undefined);
const host = (fields: object) => spec({ HostConfig: fields });

describe('containerSpec', () => {
  it('translates a default body', () => {
    const got = spec({
      Cmd: ['true'],
      HostConfig: { NetworkMode: 'default', RestartPolicy: { Name: 'no', MaximumRetryCount: 0 }, ConsoleSize: [0, 0] },
      NetworkingConfig: { EndpointsConfig: { default: {} } },
    });
    assert.deepEqual(got.network, { kind: 'networks', endpoints: { bridge: {} } });
    assert.deepEqual(got.owner, { kind: 'docker' });
    assert.deepEqual(got.command, ['true']);
  });
  const cases: readonly (readonly [string, object, (got: ReturnType<typeof spec>) => unknown, unknown])[] = [
    ['--cpus', { NanoCpus: 500_000_000 }, (got) => got.resources, { cpuQuota_us: 50_000, cpuPeriod_us: 100_000 }],
    ['--memory and --pids-limit', { Memory: 67_108_864, PidsLimit: 50 }, (got) => got.resources, { memory_bytes: 67_108_864, pids: 50 }],
    [
      '-p 8080:80',
      { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } },
      (got) => got.publish,
      [{ containerPort: 80, protocol: 'tcp', hostPort: 8080 }],
    ],
    [
      '-p 127.0.0.1::53/udp',
      { PortBindings: { '53/udp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
      (got) => got.publish,
      [{ containerPort: 53, protocol: 'udp', hostAddress: '127.0.0.1' }],
    ],
    [
      'a range',
      { PortBindings: { '80-81/tcp': [{ HostPort: '90-91' }] } },
      (got) => got.publish?.map((port) => [port.containerPort, port.hostPort]),
      [
        [80, 90],
        [81, 91],
      ],
    ],
    [
      '-v',
      { Binds: ['/a:/b:ro', 'name:/c', '/d'] },
      (got) => got.mounts,
      [
        { type: 'bind', source: '/a', target: '/b', readOnly: true, makeSource: true },
        { type: 'volume', source: 'name', target: '/c', readOnly: false },
        { type: 'volume', target: '/d', readOnly: false },
      ],
    ],
    ['--tmpfs', { Tmpfs: { '/t': 'size=1m' } }, (got) => got.mounts, [{ type: 'tmpfs', target: '/t', options: 'size=1m' }]],
    [
      '--mount',
      { Mounts: [{ Type: 'volume', Source: 'vol', Target: '/v', ReadOnly: true }] },
      (got) => got.mounts,
      [{ type: 'volume', source: 'vol', target: '/v', readOnly: true, form: 'mount' }],
    ],
    ['--log-opt', { LogConfig: { Type: '', Config: { 'max-size': '1m' } } }, (got) => got.log, { driver: 'json-file', options: { 'max-size': '1m' } }],
    ['--network none', { NetworkMode: 'none' }, (got) => got.network, { kind: 'none' }],
    ['--network container', { NetworkMode: 'container:x' }, (got) => got.network, { kind: 'container', id: 'x' }],
    ['--restart', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } }, (got) => got.restart, { name: 'on-failure', maximumRetries: 3 }],
    [
      '--security-opt',
      { SecurityOpt: ['no-new-privileges', 'seccomp=unconfined'], CapAdd: ['NET_ADMIN'] },
      (got) => [got.security?.noNewPrivileges, got.security?.seccomp, got.security?.capabilitiesAdd],
      [true, 'unconfined', ['NET_ADMIN']],
    ],
  ];
  for (const [name, fields, pick, expected] of cases) it(name, () => assert.deepEqual(pick(host(fields)), expected));

  for (const field of Object.keys(UNSUPPORTED_FIELDS)) {
    it(`refuses ${field} by name`, () => {
      const [room, key = ''] = field.includes('.') ? field.split('.') : ['', field];
      const body = room === '' ? { [key]: 'x' } : { HostConfig: { [key]: 'x' } };
      assert.throws(
        () => spec(body),
        (error: Error) => error.message.startsWith(`${field} (value "x") is not supported`),
      );
      assert.ok(!KNOWN_FIELDS.has(field));
    });
  }
  const refused: readonly (readonly [object, RegExp])[] = [
    [{ HostConfig: { Invented: 1 } }, /HostConfig.Invented \(value 1\)/],
    [{ HostConfig: { Memory: 1000 } }, /Minimum memory limit/],
    [{ HostConfig: { PortBindings: { '70000/tcp': [] } } }, /invalid port specification: "70000\/tcp"/],
    [{ HostConfig: { PortBindings: { '80/tcp': [{ HostPort: 'x' }] } } }, /Invalid hostPort: "x"/],
    [{ HostConfig: { Binds: ['a b:/c'] } }, /invalid characters for a local volume name/],
    [{ HostConfig: { Binds: ['/a:b'] } }, /mount path must be absolute/],
    [{ HostConfig: { Memory: 'x' } }, /HostConfig.Memory: it must be a whole number/],
    [{ HostConfig: { LogConfig: { Type: 'syslog' } } }, /LogConfig.Type syslog/],
    [{ HostConfig: { AutoRemove: true, RestartPolicy: { Name: 'always' } } }, /AutoRemove/],
    [{ WorkingDir: 'x' }, /absolute path/],
  ];
  for (const [body, message] of refused) it(`refuses ${JSON.stringify(body)}`, () => assert.throws(() => spec(body), message));
  it('refuses a bad name', () => assert.throws(() => containerSpec({ Image: 'x' }, '-x'), /Invalid container name/));
});
