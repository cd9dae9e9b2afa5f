import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OptionValues } from '../option-names.ts';
import { hostingOf } from './hosts.ts';

const FILES: OptionValues = { tlscert: '/c', tlskey: '/k' };
const VERIFY: OptionValues = { ...FILES, tlsverify: 'true', tlscacert: '/ca' };

test('hosts are read in every form', () => {
  const check = (options: OptionValues, ...expected: readonly string[]) =>
    assert.deepEqual(
      hostingOf(options).hosts.map((host) => (host.kind === 'unix' ? host.path : `${host.host} ${host.port}`)),
      expected,
    );
  check({});
  check({ host: '' });
  check({ host: 'tcp://:1,tcp://:1' }, '127.0.0.1 1');
  check({ host: 'unix:///run/a.sock, tcp://127.0.0.1:1' }, '/run/a.sock', '127.0.0.1 1');
  check({ host: 'tcp://:2375,tcp://localhost,tcp://[::1]:9' }, '127.0.0.1 2375', 'localhost 2375', '::1 9');
  check({ ...VERIFY, host: 'tcp://0.0.0.0,tcp://engine.example:1/' }, '0.0.0.0 2376', 'engine.example 1');
});

test('what is open to others must be said to be, and is warned of', () => {
  const open = (host: string, more: OptionValues = {}) => hostingOf({ host, ...more });
  for (const host of ['tcp://0.0.0.0:1', 'tcp://192.0.2.10:1', 'tcp://[::]:1', 'tcp://engine.example:1'])
    assert.throws(() => open(host), {
      code: 'CONFIG_INVALID',
      message: /without TLS: whoever reaches it has root on this machine\. Add --tlsverify .*--tls=false opens it/,
    });
  assert.match(open('tcp://0.0.0.0:1', { tls: 'false' }).warnings.join(), /^API is accessible on http:\/\/0\.0\.0\.0:1 without encryption/);
  assert.match(open('tcp://127.0.0.1:1').warnings.join(), /without encryption/);
  assert.match(open('tcp://0.0.0.0:1', { ...FILES, tls: 'true' }).warnings.join(), /https:\/\/0\.0\.0\.0:1 without TLS client verification/);
  assert.deepEqual(open('tcp://0.0.0.0:1', VERIFY).warnings, []);
  assert.deepEqual(open('unix:///run/a.sock').warnings, []);
});

test('which files TLS is made of', () => {
  assert.deepEqual(hostingOf({ host: 'tcp://:1', ...VERIFY }).tls, { certificate: '/c', key: '/k', authority: '/ca' });
  assert.deepEqual(hostingOf({ host: 'tcp://:1', ...FILES, tls: 'true' }).tls, { certificate: '/c', key: '/k' });
});

test('what does not go together says what to write', () => {
  const check = (options: OptionValues, words: RegExp) => assert.throws(() => hostingOf(options), words);
  check(VERIFY, /without an address to serve it on: add --host tcp:/);
  check({ ...VERIFY, host: 'unix:///a' }, /without an address/);
  check({ host: 'tcp://:1', ...FILES }, /without TLS: add --tlsverify .* or --tls/);
  check({ host: 'tcp://:1', tlsverify: 'true', tlscacert: '/ca', tlscert: '/c' }, /without the server's certificate and key/);
  check({ host: 'tcp://:1', ...FILES, tlsverify: 'true' }, /add --tlscacert/);
  check({ host: 'tcp://:1', ...FILES, tls: 'true', tlscacert: '/ca' }, /write --tlsverify in its place/);
  check({ host: 'tcp://:1', tls: 'maybe' }, /it must be true or false/);
  for (const host of ['fd://', 'tcp://a:99999', 'http://a:1', 'unix://relative', '127.0.0.1:1', 'tcp://::1:9'])
    check({ host }, /Cannot take ".*" for --host: /);
});
