import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAddressPool } from './address-pool.ts';
import { addressToNumber, numberToAddress, parseCidr } from './cidr.ts';
import { addressValue, canonicalCidr, contains, nthAddress, nthSubnet, overlaps, parsePrefix, valueAddress } from './ip.ts';
import { macOf, vethName } from './names.ts';

test('subnets', () => {
  assert.deepEqual(parseCidr('10.88.0.9/16'), { network: addressToNumber('10.88.0.0'), prefixLength: 16, size: 65_536 });
  assert.equal(canonicalCidr('192.168.1.77/26'), '192.168.1.64/26');
  assert.equal(contains('10.88.0.0/16', '10.88.255.255'), true);
  assert.equal(contains('10.88.0.0/16', '10.89.0.0'), false);
  assert.equal(contains('0.0.0.0/0', '255.255.255.255'), true);
  assert.equal(nthAddress('10.43.0.0/16', 10), '10.43.0.10');
  assert.throws(() => nthAddress('10.43.0.0/30', 4), RangeError);
  assert.equal(nthSubnet('10.42.0.0/16', 24, 3), '10.42.3.0/24');
  assert.throws(() => nthSubnet('10.42.0.0/16', 24, 256), RangeError);
  assert.equal(overlaps('10.0.0.0/8', '10.5.0.0/16'), true);
  assert.equal(overlaps('10.5.0.0/16', '10.6.0.0/16'), false);
  for (const wrong of ['10.0.0.0', '10.0.0/8', '10.0.0.0/33', '10.0.0.0/8/8', 'fd00::/64', '10.0.0.0/-1', '']) {
    assert.throws(
      () => parseCidr(wrong),
      (error) => error instanceof Error && 'code' in error && error.code === 'CIDR_MALFORMED',
      wrong,
    );
  }
});

test('an address is its number, and back', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (value) => addressToNumber(numberToAddress(value)) === value));
});

test('networks of IPv6, in the one form in which they are written', () => {
  for (const [text, plain] of [
    ['FD00:0:0:1::9/64', 'fd00:0:0:1::/64'],
    ['2001:db8:0:0:1:0:0:1/128', '2001:db8::1:0:0:1/128'],
    ['::ffff:10.0.0.1/128', '::ffff:a00:1/128'],
    ['::/0', '::/0'],
    ['fe80::1:0/112', 'fe80::1:0/112'],
  ] as const)
    assert.equal(canonicalCidr(text), plain);
  assert.equal(contains('fd00::/64', 'fd00::ffff'), true);
  assert.equal(contains('fd00::/64', 'fd00:0:0:1::'), false);
  assert.equal(contains('0.0.0.0/0', '::1'), false);
  assert.equal(overlaps('fd00::/48', 'fd00:0:0:7::/64'), true);
  assert.equal(overlaps('::/0', '10.0.0.0/8'), false);
  assert.equal(nthSubnet('fd00:1:2::/48', 64, 258), 'fd00:1:2:102::/64');
  assert.equal(nthAddress('fd00::/64', 1), 'fd00::1');
  for (const wrong of ['fd00::', 'fd00::/129', 'fe80::1%eth0/64', '10.0.0.0/33', ':::/8'])
    assert.throws(() => parsePrefix(wrong), { code: 'CIDR_MALFORMED' }, wrong);
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (value) => addressValue(valueAddress(value, 6)) === value));
});

test('a pool with a range, reserved addresses and either family never gives one twice, nor one that is not its to give', () => {
  const step = fc.oneof(fc.constant('take' as const), fc.nat(), fc.record({ wanted: fc.nat({ max: 40 }) }));
  const family = fc.constantFrom(
    { subnet: '10.0.0.0/27', range: '10.0.0.8/29', base: '10.0.0.0/26' },
    { subnet: 'fd00::/123', range: 'fd00::8/125', base: 'fd00::/122' },
  );
  fc.assert(
    fc.property(family, fc.boolean(), fc.uniqueArray(fc.nat({ max: 30 }), { maxLength: 5 }), fc.array(step, { maxLength: 80 }), (net, hasRange, aux, steps) => {
      const reserved = aux.map((n) => nthAddress(net.subnet, n));
      const gateway = nthAddress(net.subnet, 1);
      const held = new Set<string>();
      let pool = createAddressPool({ subnet: net.subnet, gateway, taken: [], reserved, ...(hasRange ? { range: net.range } : {}) });
      for (const each of steps) {
        if (typeof each === 'number') {
          const gone = [...held][each % Math.max(1, held.size)];
          if (gone !== undefined && held.delete(gone)) pool.release(gone);
          // As after a restart of the daemon: from what is on record.
          if (each % 5 === 0) pool = createAddressPool({ subnet: net.subnet, gateway, taken: held, reserved, ...(hasRange ? { range: net.range } : {}) });
          continue;
        }
        let given: string;
        try {
          given = each === 'take' ? pool.take() : pool.take(nthAddress(net.base, each.wanted));
        } catch {
          continue;
        }
        assert.ok(
          !held.has(given) && given !== gateway && !reserved.includes(given) && contains(net.subnet, given) && given !== nthAddress(net.subnet, 0),
          given,
        );
        if (each === 'take' && hasRange) assert.ok(contains(net.range, given), given);
        held.add(given);
      }
    }),
  );
  const small = createAddressPool({ subnet: '10.0.0.0/24', gateway: '10.0.0.1', taken: [], range: '10.0.0.8/30', reserved: ['10.0.0.9'] });
  assert.deepEqual([small.take(), small.take(), small.take(), small.take('10.0.0.200')], ['10.0.0.8', '10.0.0.10', '10.0.0.11', '10.0.0.200']);
  assert.throws(() => small.take(), { code: 'SUBNET_FULL' });
});

test('a pool gives each address once, released ones last', () => {
  const pool = createAddressPool({ subnet: '10.0.0.0/29', gateway: '10.0.0.1', taken: ['10.0.0.3'] });
  assert.deepEqual([pool.gateway, pool.prefixLength], ['10.0.0.1', 29]);
  assert.deepEqual([pool.take(), pool.take(), pool.take('10.0.0.6')], ['10.0.0.2', '10.0.0.4', '10.0.0.6']);
  pool.release('10.0.0.2');
  assert.deepEqual([pool.take(), pool.take()], ['10.0.0.5', '10.0.0.2']);
  const check = (task: () => unknown, code: string) => assert.throws(task, (error) => error instanceof Error && 'code' in error && error.code === code);
  check(() => pool.take(), 'SUBNET_FULL');
  check(() => pool.take('10.0.0.4'), 'ADDRESS_IN_USE');
  check(() => pool.take('10.0.0.1'), 'ADDRESS_IN_USE');
  check(() => pool.take('10.0.0.7'), 'ADDRESS_OUTSIDE_SUBNET');
  check(() => pool.take('10.0.1.2'), 'ADDRESS_OUTSIDE_SUBNET');
  pool.release('10.0.0.1');
  check(() => pool.take('10.0.0.1'), 'ADDRESS_IN_USE');
});

test('names of links', () => {
  assert.equal(macOf('172.17.0.2'), '02:42:ac:11:00:02');
  assert.match(vethName('ab12cd34', '/run/x', 'eth0'), /^gv[0-9a-f]{12}$/);
  assert.notEqual(vethName('ab12cd34', '/run/x', 'eth0'), vethName('ab12cd34', '/run/x', 'eth1'));
});
