import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_MODEL, type Model } from '../model.ts';
import type { BridgeSpec, ServiceRule } from '../types.ts';
import { diff } from './diff.ts';
import { fromKernel } from './kernel.ts';
import { EMPTY } from './rule-set.ts';
import { rules } from './rules.ts';

const BRIDGE: BridgeSpec = { name: 'br0', subnet: '10.88.0.0/16', gateway: '10.88.0.1', internal: false, masquerade: true };
const PORT = { owner: 'a', protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, targetAddress: '10.88.0.2', targetPort: 80 } as const;
const SERVICE: ServiceRule = {
  protocol: 'tcp',
  address: '10.43.0.1',
  port: 443,
  nodePort: 30_443,
  backends: [
    { address: '10.88.0.2', port: 6443 },
    { address: '10.88.0.3', port: 6443 },
  ],
};

const model = (part: Partial<Model>): Model => ({ ...EMPTY_MODEL, ...part });
const chainOf = (state: Model, name: string) => rules(state).chains.get(name)?.rules;
/** Commands from one model to the other, without digests. */
const change = (before: Model, after: Model) =>
  diff('inet t', rules(before), rules(after))
    .replaceAll(/ comment "[0-9a-f]{12}"/g, '')
    .replaceAll(/(svc|ep|cl)_[0-9a-f]{12}/g, '$1')
    .split('\n')
    .slice(1, -1);

test('rules follow the bridges', () => {
  const check = (bridge: Partial<BridgeSpec>, more: Partial<Model>, expected: string) => {
    const leaving = chainOf(model({ bridges: [{ ...BRIDGE, ...bridge }], ...more }), 'leaving') ?? [];
    assert.equal(leaving.slice(4).join('; '), expected);
  };
  check({}, {}, 'ip saddr 10.88.0.0/16 oifname != "br0" masquerade');
  check({ masquerade: false }, {}, '');
  check({ internal: true }, {}, '');
  check({ masqueradeExcept: ['10.42.0.0/16'] }, {}, 'ip saddr 10.88.0.0/16 oifname != "br0" ip daddr != { 10.42.0.0/16 } masquerade');
  check(
    { masquerade: false },
    { masqueradeSameBridge: true },
    'ct status dnat iifname . oifname @same_bridge masquerade; ct status dnat iifname . oifname @apart masquerade',
  );
  const sets = rules(model({ bridges: [BRIDGE, { ...BRIDGE, name: 'pods', subnet: '10.42.0.0/24', isolated: false }] })).sets;
  assert.deepEqual([...(sets.get('isolated')?.elements ?? [])], [['"br0"', '']]);
  assert.equal(sets.get('bridges')?.elements?.size, 2);
});

test('IPv6 beside IPv4, bridges whose containers are apart, and links that are trusted', () => {
  assert.doesNotMatch(JSON.stringify([...rules(model({ bridges: [BRIDGE], published: [PORT] })).chains, ...rules(model({})).sets]), /ip6|ipv6/);
  const dual = { ...BRIDGE, ipv6: { subnet: 'fd00:1::/64', gateway: 'fd00:1::1' } };
  assert.equal(chainOf(model({ bridges: [dual] }), 'leaving')?.at(-1), 'ip6 saddr fd00:1::/64 oifname != "br0" masquerade');
  const six = { ...PORT, targetAddress6: 'fd00:1::2' };
  const only = { ...PORT, hostPort: 81, hostAddress: 'fd00:9::1', targetAddress: 'fd00:1::2' };
  const loopback = { ...only, hostPort: 82, hostAddress: '::1' };
  const mixed = { ...only, hostPort: 83, hostAddress: '::', targetAddress: '10.88.0.2' };
  const { sets } = rules(model({ bridges: [{ ...dual, apart: true, trustedLinks: ['eth3'] }], published: [six, only, loopback, mixed] }));
  const elements = (name: string) => [...(sets.get(name)?.elements ?? [])].map((pair) => pair.join(' = '));
  assert.deepEqual(elements('subnets6'), ['fd00:1::/64 = ']);
  assert.deepEqual(elements('published_everywhere'), ['tcp . 8080 = 10.88.0.2 . 80']);
  assert.deepEqual(elements('published_everywhere6'), ['tcp . 8080 = fd00:1::2 . 80']);
  assert.deepEqual(elements('published6'), ['fd00:9::1 . tcp . 81 = fd00:1::2 . 80']);
  assert.deepEqual(elements('same_bridge'), []);
  assert.deepEqual(elements('apart'), ['"br0" . "br0" = ']);
  assert.deepEqual(elements('trusted'), ['"eth3" . "br0" = ']);
});

test('a Service as a chain', () => {
  const check = (part: Partial<ServiceRule>, expected: readonly string[]) => {
    const { chains } = rules(model({ services: [{ ...SERVICE, ...part }] }));
    const shown = [...chains].filter(([name]) => /^(svc|ep)_/.test(name)).map(([name, { rules: lines }]) => `${name}: ${lines.join('; ')}`);
    assert.deepEqual(
      shown.map((line) => line.replaceAll(/(svc|ep|cl)_[0-9a-f]{12}/g, '$1')),
      expected,
    );
  };
  check({}, [
    'svc: meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.88.0.2 . 6443, 1 : 10.88.0.3 . 6443 }; meta l4proto tcp dnat ip to 10.88.0.2:6443',
  ]);
  check({ backends: [{ address: '10.88.0.2', port: 1 }], protocol: 'udp' }, ['svc: meta l4proto udp dnat ip to 10.88.0.2:1']);
  check({ backends: [] }, []);
  check({ affinity_seconds: 60, backends: [{ address: '10.88.0.2', port: 1 }] }, [
    'ep: update @cl { ip saddr }; meta l4proto tcp dnat ip to 10.88.0.2:1',
    'svc: ip saddr @cl goto ep; goto ep',
  ]);
  check({ affinity_seconds: 60 }, [
    'ep: update @cl { ip saddr }; meta l4proto tcp dnat ip to 10.88.0.2:6443',
    'ep: update @cl { ip saddr }; meta l4proto tcp dnat ip to 10.88.0.3:6443',
    'svc: ip saddr @cl goto ep; ip saddr @cl goto ep; numgen random mod 2 vmap { 0 : goto ep, 1 : goto ep }; goto ep',
  ]);
});

test('only what differs is sent', () => {
  const base = model({ bridges: [BRIDGE] });
  assert.deepEqual(change(base, base), []);
  assert.deepEqual(change(base, model({ bridges: [BRIDGE], published: [PORT] })), [
    'add element inet t themselves { 10.88.0.2 . 10.88.0.2 }',
    'add element inet t published_everywhere { tcp . 8080 : 10.88.0.2 . 80 }',
  ]);
  assert.deepEqual(change(model({ published: [PORT] }), model({ published: [{ ...PORT, targetPort: 81 }] })), [
    'delete element inet t published_everywhere { tcp . 8080 : 10.88.0.2 . 80 }',
    'add element inet t published_everywhere { tcp . 8080 : 10.88.0.2 . 81 }',
  ]);
  assert.deepEqual(change(base, { ...base, services: [{ ...SERVICE, backends: SERVICE.backends.slice(1) }] }), [
    'add chain inet t svc',
    'add rule inet t svc meta l4proto tcp dnat ip to 10.88.0.3:6443',
    'add element inet t backends_themselves { 10.88.0.3 . 10.88.0.3 }',
    'add element inet t services { 10.43.0.1 . tcp . 443 : goto svc }',
    'add element inet t node_ports { tcp . 30443 : goto svc }',
  ]);
  assert.deepEqual(change({ ...base, services: [SERVICE] }, { ...base, services: [{ ...SERVICE, backends: SERVICE.backends.slice(1) }] }), [
    'flush chain inet t svc',
    'delete element inet t backends_themselves { 10.88.0.2 . 10.88.0.2 }',
    'add rule inet t svc meta l4proto tcp dnat ip to 10.88.0.3:6443',
  ]);
  assert.deepEqual(change({ ...base, services: [SERVICE] }, { ...base, services: [{ ...SERVICE, backends: [] }] }), [
    'flush chain inet t svc',
    'delete element inet t backends_themselves { 10.88.0.2 . 10.88.0.2, 10.88.0.3 . 10.88.0.3 }',
    'delete element inet t services { 10.43.0.1 . tcp . 443 : goto svc }',
    'delete element inet t node_ports { tcp . 30443 : goto svc }',
    'add element inet t refused { 10.43.0.1 . tcp . 443 }',
    'delete chain inet t svc',
  ]);
});

test('from nothing everything is made, sets before the rules that name them', () => {
  const commands = diff('inet t', EMPTY, rules(model({ bridges: [BRIDGE], published: [PORT], services: [SERVICE], serviceCidr: '10.43.0.0/16' }))).split('\n');
  assert.equal(commands[0], 'add table inet t');
  const last = (start: string) => commands.findLastIndex((line) => line.startsWith(start));
  const first = (start: string) => commands.findIndex((line) => line.startsWith(start));
  assert.ok(
    last('add set') < first('add rule') &&
      last('add map') < first('add rule') &&
      last('add chain') < first('add rule') &&
      last('add rule') < first('add element'),
  );
});

test('the kernel’s words for what it was told', () => {
  const listing = {
    nftables: [
      { metainfo: {} },
      { set: { name: 'bridges', type: 'ifname', elem: ['br0'] } },
      { set: { name: 'same_bridge', type: ['ifname', 'ifname'], elem: [{ concat: ['br0', 'br0'] }] } },
      { set: { name: 'subnets', type: 'ipv4_addr', flags: ['interval'], elem: [{ prefix: { addr: '10.88.0.0', len: 16 } }] } },
      {
        map: {
          name: 'published',
          type: ['ipv4_addr', 'inet_proto', 'inet_service'],
          map: 'ipv4_addr . inet_service',
          elem: [[{ concat: ['1.2.3.4', 'tcp', 80] }, { concat: ['10.88.0.2', 80] }]],
        },
      },
      {
        map: {
          name: 'services',
          type: ['ipv4_addr', 'inet_proto', 'inet_service'],
          map: 'verdict',
          elem: [[{ concat: ['10.43.0.1', 'tcp', 443] }, { goto: { target: 'svc_1' } }]],
        },
      },
      { set: { name: 'cl_1', type: 'ipv4_addr', flags: ['timeout'], timeout: 60, elem: [{ elem: { val: '10.88.0.9', timeout: 60, expires: 3 } }] } },
      { chain: { name: 'early', type: 'filter', hook: 'prerouting', prio: -300, policy: 'accept' } },
      { chain: { name: 'svc_1' } },
      { rule: { chain: 'svc_1', comment: 'abc', expr: [] } },
      { rule: { chain: 'svc_1', expr: [] } },
    ],
  };
  const { sets, chains } = fromKernel(listing);
  const elements = [...sets].map(
    ([name, set]) => `${name}: ${set.elements === undefined ? 'its own' : [...set.elements].map((pair) => pair.join(' = ')).join(', ')}`,
  );
  assert.deepEqual(elements, [
    'bridges: "br0" = ',
    'same_bridge: "br0" . "br0" = ',
    'subnets: 10.88.0.0/16 = ',
    'published: 1.2.3.4 . tcp . 80 = 10.88.0.2 . 80',
    'services: 10.43.0.1 . tcp . 443 = goto svc_1',
    'cl_1: its own',
  ]);
  assert.equal(chains.get('early')?.hook, 'type filter hook prerouting priority -300; policy accept;');
  assert.deepEqual(chains.get('svc_1')?.digests, ['abc', '']);
  assert.deepEqual(fromKernel(undefined), EMPTY);
});
