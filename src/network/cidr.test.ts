import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAddressPool } from './address-pool.ts';
import { addressToNumber, canonicalCidr, contains, nthAddress, nthSubnet, numberToAddress, overlaps, parseCidr } from './cidr.ts';
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
