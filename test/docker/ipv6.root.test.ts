import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const HTTP = ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p [::]:80 -h /www'] as const;
const fetch = (url: string) => docker.daemon.inside(['curl', '-sS', '--max-time', '3', url]);
/** Waits until it serves: httpd does not say when it does. */
const served = (url: string) => eventually(url, async () => (await fetch(url)).stdout || undefined);
const settings = async (name: string, network: string) =>
  JSON.parse(await docker.inspect(name, `{{json (index .NetworkSettings.Networks "${network}")}}`)) as Readonly<Record<string, unknown>>;
const network = async (name: string) => (JSON.parse(await docker.run(`network inspect ${name}`)) as Readonly<Record<string, unknown>>[])[0] ?? {};

test('a network of both families: addresses, names, routes and what is shown of them', async () => {
  await docker.inside(['ip', 'addr', 'add', '2001:db8::10/64', 'dev', 'host0', 'nodad']);
  // As from a router's advertisement.
  await docker.inside(['ip', '-6', 'route', 'add', 'default', 'via', '2001:db8::1', 'dev', 'host0', 'proto', 'ra']);
  await docker.run('network create --ipv6 --subnet 10.70.0.0/24 --subnet fd00:70::/64 --gateway fd00:70::ff --ip-range fd00:70::100/120 both');
  const shown = await network('both');
  assert.equal(shown['EnableIPv6'], true);
  assert.deepEqual((shown['IPAM'] as { Config: unknown }).Config, [
    { Subnet: '10.70.0.0/24', Gateway: '10.70.0.1' },
    { Subnet: 'fd00:70::/64', IPRange: 'fd00:70::100/120', Gateway: 'fd00:70::ff' },
  ]);
  await docker.run('run -d --name one --hostname one --network both -p 8080:80 busybox', ...HTTP);
  await docker.run('run -d --name two --network both --ip6 fd00:70::77 --add-host six:2001:db8::1 busybox', ...LASTING);
  const one = await settings('one', 'both');
  assert.deepEqual(
    [one['GlobalIPv6Address'], one['GlobalIPv6PrefixLen'], one['IPv6Gateway'], one['IPAddress']],
    ['fd00:70::100', 64, 'fd00:70::ff', '10.70.0.2'],
  );
  const two = await settings('two', 'both');
  assert.equal(two['GlobalIPv6Address'], 'fd00:70::77');
  assert.deepEqual(two['IPAMConfig'], { IPv6Address: 'fd00:70::77' });
  const members = Object.values((await network('both'))['Containers'] as Record<string, { Name: string; IPv6Address: string }>);
  assert.deepEqual(members.map(({ Name, IPv6Address }) => `${Name} ${IPv6Address}`).sort(), ['one fd00:70::100/64', 'two fd00:70::77/64']);
  assert.match(await docker.run('exec two ping -6 -c1 -W2 one'), /from fd00:70::100/);
  assert.match(await docker.run('exec two nslookup -type=aaaa one'), /Address: fd00:70::100/);
  assert.match(await docker.run('exec two nslookup fd00:70::100'), /one\.both/);
  const said = await docker.run('exec two sh -c', 'cat /etc/hosts; ip -6 route; ip -6 addr show dev eth0');
  for (const line of [/^2001:db8::1\tsix$/m, /^fd00:70::77\t[0-9a-f]{12}$/m, /^default via fd00:70::ff dev eth0/m, /inet6 fe80::/]) assert.match(said, line);
  assert.match(await docker.refused('run --rm --network both --ip6 fd00:71::1 busybox true'), /fd00:71::1/);
  assert.match(await docker.refused('run --rm --network both --ip6 fd00:70::77 busybox true'), /fd00:70::77: it is in use/);
});

test('a port is published on both families, from outside by the kernel alone', async () => {
  assert.match(await docker.run('port one'), /^80\/tcp -> 0\.0\.0\.0:8080\n80\/tcp -> \[::\]:8080$/m);
  assert.match(await docker.run('ps --format', '{{.Ports}}'), /0\.0\.0\.0:8080->80\/tcp, (\[::\]|::):8080->80\/tcp/);
  for (const host of ['127.0.0.1', '192.0.2.10', '[::1]', '[2001:db8::10]', 'localhost']) assert.equal(await served(`http://${host}:8080/`), 'one\n', host);
  assert.equal(await docker.run('exec two wget -qO- http://[2001:db8::10]:8080/'), 'one\n');
  assert.equal(await docker.run('exec one wget -qO- http://[2001:db8::10]:8080/'), 'one\n');
  const rules = await docker.inside(['nft', 'list', 'map', 'inet', `gantry_${docker.id}`, 'published_everywhere6']);
  assert.match(rules, /tcp \. 8080 : fd00:70::100 \. 80/);
  await docker.daemon.crash();
  assert.equal((await fetch('http://[2001:db8::10]:8080/')).stdout, 'one\n');
  await docker.daemon.restart();
  assert.equal((await fetch('http://[::1]:8080/')).stdout, 'one\n');
  assert.equal((await settings('one', 'both'))['GlobalIPv6Address'], 'fd00:70::100');
  await docker.run('run -d --name three --hostname three --network both -p [2001:db8::10]:9090:80 busybox', ...HTTP);
  assert.equal(await served('http://[2001:db8::10]:9090/'), 'three\n');
  assert.notEqual((await fetch('http://192.0.2.10:9090/')).status, 0);
  assert.notEqual((await settings('three', 'both'))['GlobalIPv6Address'], 'fd00:70::100');
  await docker.run('rm -f three');
});

test('another machine reaches published ports, not the containers, and sees the machine’s address only', async () => {
  const script = [
    'unshare -n sleep 30 & far=$!; trap "kill $far" EXIT',
    'until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/$$/ns/net)" ]; do :; done',
    'ip link set host1 netns $far',
    'for words in "link set lo up" "link set host1 up" "addr add 192.0.2.99/24 dev host1" "addr add 2001:db8::99/64 dev host1 nodad" "route add fd00:70::/64 via 2001:db8::10"; do nsenter -t $far -n ip $words; done',
    'nsenter -t $far -n curl -sS --max-time 5 "http://[2001:db8::10]:8080/"',
    'nsenter -t $far -n curl -sS --max-time 1 "http://[fd00:70::100]/" 2>/dev/null || echo "no way"',
    // From now on it knows no way back to a container's own address.
    'nsenter -t $far -n ip route del fd00:70::/64',
    'nsenter -t $(docker inspect -f "{{.State.Pid}}" two) -n busybox ping -6 -c1 -W3 2001:db8::99 | grep -o "1 packets received"',
    'nsenter -t $far -n ip link set host1 netns $$',
    'ip link set host1 up',
  ];
  assert.equal(await docker.inside(['sh', '-ec', script.join('\n')]), 'one\nno way\n1 packets received\n');
});

test('IPv6 leaves behind the address of the machine, and other networks are apart', async () => {
  await docker.run('network create --ipv6 other');
  const subnet = ((await network('other'))['IPAM'] as { Config: { Subnet: string }[] }).Config[1]?.Subnet ?? '';
  assert.match(subnet, /^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}(:[0-9a-f]{1,4})?::\/64$/);
  await docker.run('run -d --name away --network other busybox', ...LASTING);
  await docker.refused('exec away ping -6 -c1 -W1 fd00:70::100');
  await docker.refused('exec away ping -c1 -W1 10.70.0.2');
  await docker.run('exec away ping -6 -c1 -W2 2001:db8::10');
  await docker.run('network create --ipv6 --internal inner');
  await docker.refused('run --rm --network inner busybox ping -6 -c1 -W1 2001:db8::10');
  await docker.run('network connect --ip6 fd00:70::88 both away');
  await docker.run('exec away ping -6 -c1 -W2 one');
  await docker.run('network disconnect both away');
  await docker.refused('exec away ping -6 -c1 -W1 fd00:70::100');
  assert.match(await docker.run('exec away ip -6 route'), /default via fd/);
  await docker.run('rm -f away one two');
  await docker.run('network rm both other inner');
});

test('what cannot be is refused in words', async () => {
  for (const [line, said] of [
    ['--subnet fd00:1::/64 x', /give --ipv6 too/],
    ['--ipv6 --subnet fd00:1::/64 --subnet fd00:2::/64 x', /more than one subnet of a family/],
    ['--ipv6 --subnet fd00:1::1/64 x', /invalid subnet fd00:1::1\/64: it should be fd00:1::\/64/],
    ['--ipv6 --subnet fd00:1::/64 --ip-range fd00:1::5/120 x', /invalid ip-range fd00:1::5\/120: it should be fd00:1::\/120/],
    ['--subnet 10.71.0.0/24 --gateway 10.72.0.1 x', /10\.72\.0\.1|no matching subnet/],
    ['--subnet 10.71.0.0/24 --ip-range 10.0.0.0/8 x', /10\.0\.0\.0\/8|no matching subnet/],
    ['--ipv4=false --ipv6 x', /EnableIPv4: false/],
  ] as const)
    assert.match(await docker.refused(`network create ${line}`), said, line);
  await docker.inside(['sh', '-c', 'echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6']);
  assert.match(await docker.refused('network create --ipv6 x'), /there is no IPv6 here: it is turned off on this machine/);
  await docker.run('run --rm -p 8081:80 busybox true');
});

test('taking the daemon down turns the machine’s settings back', async () => {
  assert.equal(await docker.inside(['cat', '/proc/sys/net/ipv6/conf/all/forwarding']), '1\n');
  assert.equal(await docker.inside(['cat', '/proc/sys/net/ipv6/conf/host0/accept_ra']), '2\n');
  assert.equal(await docker.inside(['cat', '/proc/sys/net/ipv6/conf/host1/accept_ra']), '1\n');
  const { status } = await docker.daemon.gantry(['down']);
  assert.equal(status, 0);
  assert.equal(await docker.inside(['cat', '/proc/sys/net/ipv6/conf/all/forwarding']), '0\n');
  assert.equal(await docker.inside(['cat', '/proc/sys/net/ipv6/conf/host0/accept_ra']), '1\n');
});
