import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardDrops, legacyForwardDrops } from './forward-drops.ts';
import { hears, localAddresses, waitingSockets } from './sockets.ts';

const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, state: string, inode: number) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;

for (const [what, protocol, line, expected] of [
  ['a listener everywhere', 'tcp', row('00000000:1F90', '00000000:0000', '0A', 7), ['0.0.0.0', 8080]],
  ['a listener on loopback', 'tcp', row('0100007F:0050', '00000000:0000', '0A', 7), ['127.0.0.1', 80]],
  ['a connection', 'tcp', row('0100007F:0050', '0100007F:8000', '01', 7), undefined],
  ['an IPv6 listener everywhere', 'tcp', row(`${'0'.repeat(32)}:0050`, `${'0'.repeat(32)}:0000`, '0A', 7), ['::', 80]],
  ['an IPv6 listener on loopback', 'tcp', row('00000000000000000000000001000000:0050', `${'0'.repeat(32)}:0000`, '0A', 7), ['::1', 80]],
  ['an IPv4 address in an IPv6 socket', 'tcp', row('0000000000000000FFFF00000100007F:0050', `${'0'.repeat(32)}:0000`, '0A', 7), ['127.0.0.1', 80]],
  ['a socket of UDP', 'udp', row('0200580A:0035', '00000000:0000', '07', 7), ['10.88.0.2', 53]],
  ['a connected one of UDP', 'udp', row('0200580A:0035', '0100580A:0035', '01', 7), undefined],
] as const)
  test(`the sockets that wait: ${what}`, () => {
    const expectedRows = expected === undefined ? [] : [{ address: expected[0], port: expected[1], inode: '7' }];
    assert.deepEqual(waitingSockets(HEAD + line, protocol), expectedRows);
  });

test('what a socket hears', () => {
  for (const [bound, expected] of [
    ['0.0.0.0', true],
    ['::', true],
    ['10.88.0.2', true],
    ['127.0.0.1', false],
    ['::1', false],
  ] as const)
    assert.equal(hears(bound, '10.88.0.2'), expected, bound);
});

test('the addresses of a namespace', () => {
  const trie =
    'Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.88.0.0\n        /16 link UNICAST\n     |-- 10.88.0.2\n        /32 host LOCAL\n     |-- 10.88.255.255\n        /32 link BROADCAST\n';
  assert.deepEqual([...localAddresses(trie)], ['10.88.0.2']);
});

const chain = (more: object) => ({ chain: { family: 'ip', table: 'filter', name: 'FORWARD', hook: 'forward', policy: 'drop', ...more } });
const rule = (...expr: object[]) => ({ rule: { family: 'ip', table: 'filter', chain: 'FORWARD', expr } });
const match = (key: string, right: unknown, op = 'in') => ({ match: { op, left: { ct: { key } }, right } });

for (const [what, items, expected] of [
  ['a policy of accept', [chain({ policy: 'accept' })], []],
  ['another hook', [chain({ hook: 'input' })], []],
  ["Gantry's own table", [chain({ family: 'inet', table: 'own' })], []],
  ['IPv6 only', [chain({ family: 'ip6' })], []],
  ['a policy of drop', [chain({})], [false]],
  ['a rule that accepts all', [chain({}), rule({ counter: {} }, { accept: null })], [true]],
  ['a rule that accepts what was led elsewhere', [chain({}), rule(match('status', 'dnat'), { accept: null })], [true]],
  ['a rule that accepts the contrary', [chain({}), rule(match('status', 'dnat', '!='), { accept: null })], [false]],
  ['a rule that accepts something else', [chain({}), rule(match('state', ['established']), { accept: null })], [false]],
  ['a rule of another table', [chain({}), { rule: { ...rule({ accept: null }).rule, table: 'nat' } }], [false]],
] as const)
  test(`a foreign forward chain: ${what}`, () => {
    assert.deepEqual(
      forwardDrops({ nftables: items }, 'own').map(({ accepts }) => accepts),
      expected,
    );
  });

test('the forward chain of iptables-legacy', () => {
  assert.deepEqual(legacyForwardDrops('-P FORWARD ACCEPT\n'), []);
  assert.deepEqual(legacyForwardDrops('-P FORWARD DROP\n-A FORWARD -i x -j ACCEPT\n'), [{ table: 'iptables-legacy filter', chain: 'FORWARD', accepts: false }]);
  assert.equal(legacyForwardDrops('-P FORWARD DROP\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j ACCEPT\n')[0]?.accepts, true);
});
