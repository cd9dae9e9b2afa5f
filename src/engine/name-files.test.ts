import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostsEdited } from './name-files.ts';

const RECORD = { hostname: 'web', spec: { owner: { kind: 'docker' }, image: 'x', network: { kind: 'none' }, domainName: 'example.org' } } as const;
const END = { networkId: 'n', address: '10.0.0.2', prefixLength: 24, gateway: '10.0.0.1', macAddress: '', aliases: [] };
const SIX = { ...END, ipv6: { address: 'fd00::2', prefixLength: 64, gateway: 'fd00::1' } };
const FILE = '127.0.0.1\tlocalhost\n# mine\n10.0.0.20\tother\n';

test('an endpoint more and an endpoint less in /etc/hosts; what else is in it stays', () => {
  const joined = hostsEdited(FILE, RECORD, { more: SIX });
  assert.equal(joined, `${FILE}10.0.0.2\tweb.example.org web\nfd00::2\tweb.example.org web\n`);
  assert.equal(hostsEdited(joined, RECORD, { less: SIX }), FILE);
  assert.equal(hostsEdited(FILE, RECORD, { less: END }), FILE);
});
