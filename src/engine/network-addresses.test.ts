import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADDRESS_POOLS, checkPools, choosePools, localPrefix, type PoolSpec } from './network-addresses.ts';
import { waysOut } from './ways-out.ts';

const CHOICE = { ipv6: true, used: [], routes: [], addressPools: ADDRESS_POOLS, daemonId: 'ab12cd34' };

test('what is not given is chosen, apart from what is there', () => {
  const { ipv4, ipv6 } = choosePools([], {
    ...CHOICE,
    used: [{ subnet: '10.89.0.0/24', by: 'network x' }],
    routes: ['10.89.1.0/24', `${localPrefix('ab12cd34').slice(0, -3)}/64`],
  });
  assert.deepEqual(ipv4, { subnet: '10.89.2.0/24', gateway: '10.89.2.1' });
  assert.match(ipv6?.subnet ?? '', /^fd[0-9a-f:]+:1::\/64$/);
  assert.equal(ipv6?.gateway, ipv6?.subnet.replace('/64', '1'));
  assert.notEqual(localPrefix('ab12cd34'), localPrefix('ab12cd35'));
  assert.match(localPrefix('ab12cd34'), /^fd[0-9a-f]{2}:[0-9a-f]+:[0-9a-f]+::\/48$/);
});

test('gateways keep off what others have', () => {
  const pool = (spec: PoolSpec) => choosePools([spec], { ...CHOICE, ipv6: false }).ipv4.gateway;
  assert.equal(pool({ subnet: '10.1.0.0/24' }), '10.1.0.1');
  assert.equal(pool({ subnet: '10.1.0.0/24', auxiliary: { router: '10.1.0.1' } }), '10.1.0.2');
  assert.equal(pool({ subnet: '10.1.0.0/24', range: '10.1.0.128/25' }), '10.1.0.128');
  assert.equal(pool({ subnet: '10.1.0.0/24', range: '10.1.0.0/25' }), '10.1.0.1');
});

for (const [spec, said] of [
  [{ subnet: '10.1.0.0' }, 'invalid subnet 10.1.0.0: invalid CIDR block notation'],
  [{ subnet: '10.1.0.5/24' }, 'invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24'],
  [{ subnet: '10.1.0.0/24', range: '10.1.0.9/28' }, 'invalid ip-range 10.1.0.9/28: it should be 10.1.0.0/28'],
  [{ subnet: '10.1.0.0/24', range: 'fd00::/64' }, 'invalid ip-range fd00::/64: parent subnet is an IPv4 block'],
  [{ subnet: '10.1.0.0/24', range: '10.1.0.0/16' }, 'invalid ip-range 10.1.0.0/16: CIDR block is bigger than its parent subnet 10.1.0.0/24'],
  [{ subnet: '10.1.0.0/24', range: '10.2.0.0/25' }, "invalid ip-range 10.2.0.0/25: parent subnet 10.1.0.0/24 doesn't contain ip-range"],
  [{ subnet: 'fd00::/64', gateway: '10.0.0.1' }, 'invalid gateway 10.0.0.1: parent subnet is an IPv6 block'],
  [{ subnet: '10.1.0.0/24', gateway: '10.2.0.1' }, "invalid gateway 10.2.0.1: parent subnet 10.1.0.0/24 doesn't contain this address"],
  [{ subnet: '10.1.0.0/24', auxiliary: { nas: 'x' } }, 'invalid auxiliary address nas: invalid address'],
  [{ gateway: '10.1.0.1' }, 'invalid gateway 10.1.0.1: no subnet is given for it'],
] as const)
  test(`refused: ${JSON.stringify(spec)}`, () => assert.throws(() => checkPools([spec]), { message: `Invalid network config: ${said}` }));

test('ways out: the highest priority, else the first; internal networks and macvlan', () => {
  const end = (more: object = {}) => ({ networkId: '', address: '', prefixLength: 24, gateway: '', macAddress: '', aliases: [], interfaceName: '', ...more });
  const ipv6 = { address: 'fd00::2', prefixLength: 64, gateway: 'fd00::1' };
  const networkOf = (name: string) => ({ internal: name.startsWith('in'), driver: name.startsWith('lan') ? ('macvlan' as const) : ('bridge' as const) });
  for (const [endpoints, expected] of [
    [
      { inner: end(), a: end(), b: end({ ipv6 }) },
      { ipv4: 'a', ipv6: 'b', published: 'a' },
    ],
    [
      { a: end(), b: end({ gwPriority: 5 }), c: end({ gwPriority: 5 }) },
      { ipv4: 'b', published: 'b' },
    ],
    [
      { a: end({ gwPriority: -1 }), lan: end() },
      { ipv4: 'lan', published: 'a' },
    ],
    [{ inner: end({ ipv6 }) }, {}],
    [{ lan: end({ ipv6 }) }, { ipv4: 'lan', ipv6: 'lan' }],
  ] as const)
    assert.deepEqual(waysOut(endpoints, networkOf), expected);
});
