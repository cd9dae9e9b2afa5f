import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bridgeSettings, endpointSettings, macvlanSettings } from './network-options.ts';

const BRIDGE = 'com.docker.network.bridge.';
const ENDPOINT = 'com.docker.network.endpoint.';

test('a bridge without options, and with all of them', () => {
  assert.deepEqual(bridgeSettings({}), { masquerade: true, apart: false, withoutAddress: false, trustedLinks: [], interfacePrefix: 'eth' });
  const all = {
    [`${BRIDGE}name`]: 'br7',
    [`${BRIDGE}enable_ip_masquerade`]: 'False',
    [`${BRIDGE}enable_icc`]: '0',
    [`${BRIDGE}host_binding_ipv4`]: '127.0.0.1',
    [`${BRIDGE}inhibit_ipv4`]: 't',
    [`${BRIDGE}trusted_host_interfaces`]: 'vxlan.1:eth3',
    [`${BRIDGE}gateway_mode_ipv6`]: 'nat',
    'com.docker.network.driver.mtu': '1400',
    'com.docker.network.container_iface_prefix': 'lan',
  };
  assert.deepEqual(bridgeSettings(all), {
    bridge: 'br7',
    mtu: 1400,
    masquerade: false,
    apart: true,
    hostBinding: '127.0.0.1',
    withoutAddress: true,
    trustedLinks: ['vxlan.1', 'eth3'],
    interfacePrefix: 'lan',
  });
});

test('a macvlan', () => {
  assert.deepEqual(macvlanSettings({}), { mode: 'bridge', interfacePrefix: 'eth' });
  assert.deepEqual(macvlanSettings({ parent: 'eth0.50', macvlan_mode: 'vepa' }), { parent: 'eth0.50', mode: 'vepa', interfacePrefix: 'eth' });
});

test('an endpoint', () => {
  const { interfaceName, sysctls } = endpointSettings({
    [`${ENDPOINT}ifname`]: 'lan.7',
    [`${ENDPOINT}sysctls`]: 'net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.conf.ifname.hop_limit=9',
  });
  assert.equal(interfaceName, 'lan.7');
  assert.deepEqual(sysctls('lan.7'), [
    { name: 'net/ipv4/conf/lan.7/log_martians', value: '1' },
    { name: 'net/ipv6/conf/lan.7/hop_limit', value: '9' },
  ]);
});

for (const [what, task, said] of [
  ['a link of two names', () => bridgeSettings({ [`${BRIDGE}trusted_host_interfaces`]: 'a b' }), /"a b" is no name of a link/],
  ['a macvlan mode', () => macvlanSettings({ macvlan_mode: 'source' }), /requested macvlan mode 'source' is not valid/],
  ['an option of another driver', () => macvlanSettings({ [`${BRIDGE}name`]: 'x' }), /network option com\.docker\.network\.bridge\.name is not supported/],
  ['a setting of the whole namespace', () => endpointSettings({ [`${ENDPOINT}sysctls`]: 'net.ipv4.ip_forward=1' }), /must be of the form/],
  ['a setting of another link', () => endpointSettings({ [`${ENDPOINT}sysctls`]: 'net.ipv4.conf.eth0.x=1' }), /must be of the form/],
  ['a path', () => endpointSettings({ [`${ENDPOINT}sysctls`]: 'net.ipv4.conf.IFNAME.a/b=1' }), /must be of the form/],
  ['a prefix', () => bridgeSettings({ 'com.docker.network.container_iface_prefix': '0' }), /can't begin a link's name/],
] as const)
  test(`refused: ${what}`, () => assert.throws(task, { message: said }));
