import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { environmentEntries } from './environment.ts';
import { publishedPorts } from './ports.ts';
import { splitReference } from './reference.ts';
import { createBody, RUN_OPTIONS } from './run-options.ts';
import { formatBytes, parseBytes } from './sizes.ts';
import { parseVolumes } from './volumes.ts';

test('published ports', () => {
  const check = (text: string, expected: string) => {
    const { bindings, exposed } = publishedPorts(text.split(' '));
    const shown = Object.entries(bindings).flatMap(([port, list]) => list.map(({ HostIp, HostPort }) => `${HostIp}|${HostPort}|${port}`));
    assert.equal(shown.join(' '), expected, text);
    assert.deepEqual(Object.keys(exposed), Object.keys(bindings));
  };
  check('80', '||80/tcp');
  check('8080:80', '|8080|80/tcp');
  check('8080:80/udp', '|8080|80/udp');
  check('127.0.0.1:8080:80', '127.0.0.1|8080|80/tcp');
  check('127.0.0.1::80', '127.0.0.1||80/tcp');
  check('[::1]:8080:80', '::1|8080|80/tcp');
  check('[::1]::80', '::1||80/tcp');
  check('8000-8001:80-81', '|8000|80/tcp |8001|81/tcp');
  check('8000-8009:80', '|8000-8009|80/tcp');
  check('7000-7001', '||7000/tcp ||7001/tcp');
  check('1:80 2:80', '|1|80/tcp |2|80/tcp');
  for (const bad of ['', 'x', '80:', ':', '1:2:3:4', '8080:80/icmp', '99999', '5-4', '1-3:1-2', 'host:80:80', '[::1]:1:2:3', '[::1]80'])
    assert.throws(() => publishedPorts([bad]), UsageError, bad);
});

test('volumes', () => {
  const check = (text: string, binds: readonly string[], anonymous: readonly string[] = []) => {
    const found = parseVolumes([text], '/home/me');
    assert.deepEqual([found.binds, Object.keys(found.anonymous)], [binds, anonymous], text);
  };
  check('/a:/b', ['/a:/b']);
  check('/a:/b:ro', ['/a:/b:ro']);
  check('./a:/b', ['/home/me/a:/b']);
  check('..:/b', ['/home:/b']);
  check('name:/b', ['name:/b']);
  check('/b', [], ['/b']);
  for (const bad of ['', 'name', ':/b', '/a:b', '/a:/b:ro:z']) assert.throws(() => parseVolumes([bad], '/'), UsageError, bad);
});

test('variables come from the command line or from this process', () => {
  assert.deepEqual(environmentEntries(['A=1', 'B', 'C', 'D=', 'E=x=y'], { B: 'two' }), ['A=1', 'B=two', 'D=', 'E=x=y']);
  assert.throws(() => environmentEntries(['=x'], {}), UsageError);
});

test('sizes', () => {
  const check = (text: string, bytes: number) => assert.equal(parseBytes('--memory', text), bytes, text);
  check('512', 512);
  check('4b', 4);
  check('512m', 512 * 2 ** 20);
  check('1.5g', 1.5 * 2 ** 30);
  check('64KiB', 65_536);
  check('2GB', 2 ** 31);
  assert.throws(() => parseBytes('--memory', 'lots'), /--memory/);
  assert.deepEqual([0, 999, 4_261_550, 12_345_678, 7_654_321_000].map(formatBytes), ['0B', '999B', '4.26MB', '12.3MB', '7.65GB']);
});

test('references', () => {
  const check = (reference: string, name: string, tag: string | undefined) => assert.deepEqual(splitReference(reference), { name, tag }, reference);
  check('busybox', 'busybox', undefined);
  check('busybox:1', 'busybox', '1');
  check('localhost:5000/a/b', 'localhost:5000/a/b', undefined);
  check('localhost:5000/a:2', 'localhost:5000/a', '2');
  check('a@sha256:00', 'a', 'sha256:00');
});

test('the options of run become the body of create', () => {
  const body = (line: string) => {
    const { values } = parseOptions({ args: line === '' ? [] : line.split(' '), options: RUN_OPTIONS });
    return createBody(values, { image: 'i', command: [], environment: ['A=1'], folder: '/' }) as Record<string, unknown> & {
      HostConfig: Record<string, unknown>;
    };
  };
  const plain = body('');
  assert.deepEqual([plain.Image, 'Cmd' in plain, 'Entrypoint' in plain, plain.Env], ['i', false, false, ['A=1']]);
  assert.deepEqual(plain.HostConfig, {
    AutoRemove: false,
    NetworkMode: 'default',
    Memory: 0,
    NanoCpus: 0,
    RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
    Privileged: false,
    ReadonlyRootfs: false,
    Binds: [],
    PortBindings: {},
  });
  const full = body(
    '-w /w -u 1:2 -h host --network none -m 64m --cpus 1.5 --entrypoint /e --restart on-failure:3 -l a=b -l c --privileged --read-only -v n:/v -p 1:2',
  );
  assert.deepEqual([full.WorkingDir, full.User, full.Hostname, full.Entrypoint, full.Labels], ['/w', '1:2', 'host', ['/e'], { a: 'b', c: '' }]);
  const { HostConfig } = full;
  assert.deepEqual([HostConfig.NetworkMode, HostConfig.Memory, HostConfig.NanoCpus], ['none', 64 * 2 ** 20, 1.5e9]);
  assert.deepEqual([HostConfig.RestartPolicy, HostConfig.Privileged, HostConfig.ReadonlyRootfs], [{ Name: 'on-failure', MaximumRetryCount: 3 }, true, true]);
  assert.deepEqual([HostConfig.Binds, HostConfig.PortBindings], [['n:/v'], { '2/tcp': [{ HostIp: '', HostPort: '1' }] }]);
  assert.deepEqual(body('--entrypoint=').Entrypoint, ['']);
  for (const bad of ['--restart sometimes', '--restart always:3', '--cpus none', '--rm --restart always', '-m x'])
    assert.throws(() => body(bad), UsageError, bad);
});
