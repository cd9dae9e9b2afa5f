import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const HTTP = ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www'] as const;
const fetch = (url: string) => docker.daemon.inside(['curl', '-sS', '--max-time', '3', url]);
const served = (url: string) => eventually(url, async () => (await fetch(url)).stdout || undefined);
const option = (name: string, value: string | number | boolean) => ['-o', `com.docker.network.${name}=${value}`] as const;
const create = (name: string, ...words: readonly string[]) => docker.run('network create', ...words, name);
const addressOf = (name: string, network: string) => docker.inspect(name, `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);

test('enable_icc=false: containers of one bridge do not reach one another, but the machine and published ports', async () => {
  await create('shy', '--ipv6', '--subnet', 'fd00:66::/64', ...option('bridge.enable_icc', false));
  await docker.run('run -d --name first --hostname first --network shy -p 8080:80 busybox', ...HTTP);
  await docker.run('run -d --name second --hostname second --network shy busybox', ...HTTP);
  assert.equal(await served('http://127.0.0.1:8080/'), 'first\n');
  const first = await addressOf('first', 'shy');
  await docker.refused(`exec second ping -c1 -W1 ${first}`);
  await docker.refused('exec second ping -6 -c1 -W1 first');
  await docker.refused(`exec second timeout 1 wget -qO- http://${first}/`);
  // Nor by the gateway, whose router would know the way.
  await docker.refused(
    'run --rm --privileged --network shy busybox sh -c',
    `ip route add ${first} via $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') && ping -c1 -W1 ${first}`,
  );
  assert.equal(await docker.run('exec second wget -qO- http://192.0.2.10:8080/'), 'first\n');
  assert.equal(await docker.run('exec first wget -qO- http://192.0.2.10:8080/'), 'first\n');
  await docker.run('exec second ping -c1 -W2 192.0.2.10');
  await docker.run('rm -f first second');
  await docker.run('network rm shy');
});

test('host_binding_ipv4, mtu, name, container_iface_prefix and endpoint options', async () => {
  await create(
    'mine',
    ...option('bridge.host_binding_ipv4', '127.0.0.1'),
    ...option('driver.mtu', 1400),
    ...option('bridge.name', 'mybridge0'),
    ...option('container_iface_prefix', 'net'),
  );
  await docker.run('run -d --name bound --hostname bound --network mine -p 8080:80 -p 192.0.2.10:8081:80 busybox', ...HTTP);
  assert.equal(await served('http://127.0.0.1:8080/'), 'bound\n');
  assert.notEqual((await fetch('http://192.0.2.10:8080/')).status, 0);
  assert.equal(await served('http://192.0.2.10:8081/'), 'bound\n');
  assert.match(await docker.run('port bound'), /80\/tcp -> 127\.0\.0\.1:8080/);
  assert.match(await docker.run('exec bound ip -o link'), /net0.*mtu 1400/);
  assert.match(await docker.inside(['ip', '-o', 'link', 'show', 'mybridge0']), /mtu 1400/);
  const words = 'name=mine,"driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.mc_forwarding=0"';
  assert.match(await docker.refused('run --rm --network', words, 'busybox', 'true'), /the kernel does not take "0" for net\/ipv4\/conf\/net0\/mc_forwarding/);
  const good =
    'name=mine,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1,driver-opt=com.docker.network.endpoint.ifname=lan7';
  assert.equal(await docker.run('run --rm --network', good, 'busybox', 'cat', '/proc/sys/net/ipv4/conf/lan7/log_martians'), '1\n');
  await docker.run('create --name shown --network', good, 'busybox', 'true');
  assert.match(await docker.refused('run --rm --network', 'name=mine,driver-opt=colour=red', 'busybox', 'true'), /endpoint option colour is not supported/);
  await docker.run('rm -f bound shown');
  await docker.run('network rm mine');
  await docker.refused('network inspect mine');
});

test('without masquerading, without the bridge’s address, with trusted links', async () => {
  await create('open', '--subnet', '10.77.0.0/24', ...option('bridge.enable_ip_masquerade', false), ...option('bridge.trusted_host_interfaces', 'host0'));
  await docker.run('run -d --name plain --hostname plain --network open busybox', ...HTTP);
  const rules = await docker.inside(['nft', 'list', 'table', 'inet', `gantry_${docker.id}`]);
  assert.doesNotMatch(rules, /ip saddr 10\.77\.0\.0\/24 .*masquerade/);
  assert.match(rules, /"host0" \. "gn[0-9a-f]{12}"/);
  // A machine beside this one, which comes in by the trusted link.
  const script = [
    'unshare -n sleep 20 & far=$!; trap "kill $far" EXIT',
    'until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done',
    'ip link set host1 netns $far',
    'for words in "link set host1 up" "addr add 192.0.2.99/24 dev host1" "route add 10.77.0.0/24 via 192.0.2.10"; do nsenter -t $far -n ip $words; done',
    'nsenter -t $far -n curl -sS --max-time 5 http://10.77.0.2/',
  ];
  assert.equal(await docker.inside(['sh', '-ec', script.join('\n')]), 'plain\n');
  await docker.run('rm -f plain');
  await docker.run('network rm open');
  await create('bare', '--subnet', '10.78.0.0/24', ...option('bridge.inhibit_ipv4', true), ...option('bridge.name', 'bare0'));
  await docker.run('run --rm --network bare busybox true');
  assert.doesNotMatch(await docker.inside(['ip', '-4', 'addr', 'show', 'dev', 'bare0']), /10\.78/);
  await docker.run('network rm bare');
});

test('what is unknown or can’t be done is refused by its name', async () => {
  for (const [words, said] of [
    [option('bridge.gateway_mode_ipv4', 'routed'), /gateway_mode_ipv4=routed is not supported/],
    [option('bridge.gateway_mode_ipv6', 'isolated'), /gateway_mode_ipv6=isolated is not supported/],
    [option('bridge.enable_icc', 'perhaps'), /enable_icc: "perhaps" is neither true nor false/],
    [option('driver.mtu', 'big'), /driver\.mtu: "big" is no whole number/],
    [option('bridge.host_binding_ipv4', 'here'), /"here" is no IPv4 address/],
    [['-o', 'colour=red'], /network option colour is not supported/],
    [['--ipam-driver', 'other'], /IPAM\.Driver "other" is not supported/],
    [['--scope', 'swarm'], /not a swarm manager/],
    [['--ingress'], /not a swarm manager/],
    [['-d', 'overlay'], /plugin "overlay" not found/],
    [['-d', 'ipvlan'], /ipvlan networks are not supported/],
    [['-d', 'host'], /only one instance of "host" network is allowed/],
    [['--subnet', '10.1.0.0/24', '--subnet', '10.2.0.0/24'], /more than one subnet of a family/],
  ] as const)
    assert.match(await docker.refused('network create', ...words, 'refused'), said, words.join(' '));
  await docker.run('network create --gateway 10.79.0.9 --subnet 10.79.0.0/24', ...option('bridge.gateway_mode_ipv4', 'nat'), 'nat');
  await docker.run('network rm nat');
});

test('ip-range and auxiliary addresses; attachable, scope, configuration networks', async () => {
  await docker.run(
    'network create --attachable --scope local --subnet 10.80.0.0/24 --ip-range 10.80.0.8/30 --aux-address router=10.80.0.9 --aux-address nas=10.80.0.200 ranged',
  );
  const shown = (JSON.parse(await docker.run('network inspect ranged')) as { Attachable: boolean; IPAM: { Config: unknown } }[])[0];
  assert.equal(shown?.Attachable, true);
  assert.deepEqual(shown?.IPAM.Config, [
    { Subnet: '10.80.0.0/24', IPRange: '10.80.0.8/30', Gateway: '10.80.0.8', AuxiliaryAddresses: { nas: '10.80.0.200', router: '10.80.0.9' } },
  ]);
  for (const name of ['ra', 'rb']) await docker.run(`run -d --name ${name} --network ranged busybox`, ...LASTING);
  assert.deepEqual([await addressOf('ra', 'ranged'), await addressOf('rb', 'ranged')], ['10.80.0.10', '10.80.0.11']);
  assert.match(await docker.refused('run --rm --network ranged busybox true'), /all of subnet 10\.80\.0\.8\/30 are in use/);
  assert.match(await docker.refused('run --rm --ip 10.80.0.200 --network ranged busybox true'), /10\.80\.0\.200: it is in use/);
  await docker.run('run --rm --ip 10.80.0.77 --network ranged busybox true');
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.match(await docker.refused('run --rm --network ranged busybox true'), /all of subnet 10\.80\.0\.8\/30 are in use/);
  assert.equal(await addressOf('ra', 'ranged'), '10.80.0.10');
  await docker.run('rm -f ra rb');
  await docker.run('network rm ranged');

  await docker.run('network create --config-only --subnet 10.81.0.0/24 -o com.docker.network.driver.mtu=1300 settings');
  assert.match(await docker.refused('run --rm --network settings busybox true'), /configuration only network/);
  await docker.run('network create --config-from settings built');
  assert.match(await docker.run('run --rm --network built busybox ip -o addr'), /10\.81\.0\.2\/24/);
  assert.equal(
    await docker.run('network inspect -f', '{{.ConfigOnly}} {{.ConfigFrom.Network}} {{(index .IPAM.Config 0).Subnet}}', 'settings', 'built'),
    'true  10.81.0.0/24\nfalse settings 10.81.0.0/24\n',
  );
  assert.match(await docker.refused('network rm settings'), /configuration network settings is in use/);
  assert.match(await docker.refused('network create --config-from settings --subnet 10.82.0.0/24 no'), /user specified configurations are not supported/);
  await docker.run('network rm built');
  await docker.run('network rm settings');
});

test('filters of lists and of prune', async () => {
  await docker.run('network create --label team=red red');
  await docker.run('network create --label team=blue blue');
  await docker.run('run -d --name user --network blue busybox', ...LASTING);
  const list = async (...filters: readonly string[]) =>
    (await docker.run('network ls --format', '{{.Name}}', ...filters.flatMap((each) => ['-f', each]))).trim().split('\n').sort().join(' ');
  const id = (await docker.run('network inspect -f', '{{.Id}}', 'red')).trim();
  for (const [filters, expected] of [
    [['driver=bridge'], 'blue bridge red'],
    [['driver=null', 'driver=host'], 'host none'],
    [[`id=${id.slice(0, 9)}`], 'red'],
    [['label=team'], 'blue red'],
    [['label=team=red'], 'red'],
    [['name=lu'], 'blue'],
    [['name=^re'], 'red'],
    [['name=^ed'], ''],
    [['scope=local'], 'blue bridge host none red'],
    [['scope=swarm'], ''],
    [['type=builtin'], 'bridge host none'],
    [['type=custom'], 'blue red'],
    [['dangling=true'], 'red'],
    [['dangling=false', 'type=custom'], 'blue'],
  ] as const)
    assert.equal(await list(...filters), expected, filters.join(' '));
  assert.match(await docker.refused('network ls -f colour=red'), /invalid filter 'colour'/);
  assert.match(await docker.refused('network ls -f type=mine'), /invalid filter: 'type'='mine'/);
  assert.match(await docker.refused('network prune -f --filter colour=red'), /invalid filter 'colour'/);
  assert.doesNotMatch(await docker.run('network prune -f --filter until=1h'), /red/);
  assert.doesNotMatch(await docker.run('network prune -f --filter label=team=blue'), /red|blue/);
  assert.doesNotMatch(await docker.run('network prune -f --filter label!=team'), /red|blue/);
  assert.match(await docker.run('network prune -f --filter label=team'), /^Deleted Networks:\nred\n$/m);
  await docker.run('rm -f user');
  await docker.run('network rm blue');
});
