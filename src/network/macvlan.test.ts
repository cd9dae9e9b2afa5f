import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordingLinux } from '#linux';
import { attachMacvlan, makeParent, routeLines, vlanParent } from './macvlan.ts';

test('a parent by its name', () => {
  assert.deepEqual(vlanParent('eth0.50'), { link: 'eth0', id: 50 });
  assert.deepEqual(vlanParent('bond0.1.4094'), { link: 'bond0.1', id: 4094 });
  for (const wrong of ['eth0', 'eth0.', '.5', 'eth0.0', 'eth0.4095', 'eth0.x']) assert.equal(vlanParent(wrong), undefined, wrong);
});

test('default routes', () => {
  assert.deepEqual(routeLines({ ipv4: '10.0.0.1', ipv6: 'fd00::1' }), ['route replace default via 10.0.0.1', 'route replace default via fd00::1']);
  assert.deepEqual(routeLines({}), []);
});

test('what is said to ip: an end made in its namespace, and a link of Gantry’s own', async () => {
  const linux = recordingLinux();
  const end = {
    namespace: '/n/x',
    parent: { name: 'eth0' },
    mode: 'bridge',
    interfaceName: 'eth1',
    address: '10.0.0.2',
    prefixLength: 24,
    macAddress: '02:00:00:00:00:01',
  } as const;
  await attachMacvlan(linux, { ...end, gateway: '10.0.0.1', mtu: 1400 });
  await attachMacvlan(linux, { ...end, mode: 'passthru' });
  const lines = linux.calls.flatMap(({ args: [batch] }) => batch as readonly string[]).map((line) => line.replace(/gv[0-9a-f]{12}/, 'gv'));
  assert.deepEqual(lines, [
    'link add link eth0 name gv address 02:00:00:00:00:01 mtu 1400 netns /n/x type macvlan mode bridge',
    'link set dev gv name eth1',
    'link set dev eth1 addrgenmode none',
    'link set dev eth1 up',
    'addr add 10.0.0.2/24 dev eth1',
    'route replace default via 10.0.0.1',
    'link add link eth0 name gv netns /n/x type macvlan mode passthru',
    'link set dev gv name eth1',
    'link set dev eth1 addrgenmode none',
    'link set dev eth1 up',
    'addr add 10.0.0.2/24 dev eth1',
  ]);
  await assert.rejects(makeParent(linux, 'gantry-x', { name: 'eth9' }), { code: 'LINK_UNKNOWN' });
  await assert.rejects(makeParent(linux, 'gantry-x', { name: 'eth9.0' }), { code: 'PARENT_INVALID' });
  assert.equal(await makeParent(linux, 'gantry-x', { name: 'gm1', own: true }), true);
});
