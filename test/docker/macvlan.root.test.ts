import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

/** The outer network: `lan0` is the machine's link to it, `lan1` that of a router with the address 10.90.0.1. */
await docker.inside([
  'sh',
  '-ec',
  'ip link add lan0 type veth peer name lan1; ip link set lan0 up; ip link set lan1 up; ip addr add 10.90.0.1/24 dev lan1; ip addr add fd00:90::1/64 dev lan1 nodad',
]);

/** As the machine's own `ip` shows it, which knows more than busybox. */
const linkOf = async (name: string) =>
  docker.inside(['nsenter', `--net=/proc/${await docker.inspect(name, '{{.State.Pid}}')}/ns/net`, 'ip', '-d', 'link', 'show', 'eth0']);

test('containers stand on the outer network with addresses of their own', async () => {
  await docker.run(
    'network create -d macvlan -o parent=lan0 --subnet 10.90.0.0/24 --gateway 10.90.0.1 --ip-range 10.90.0.64/27 --ipv6 --subnet fd00:90::/64 --gateway fd00:90::1 lan',
  );
  assert.equal(await docker.run('network inspect -f', '{{.Driver}} {{.Internal}} {{json .Options}}', 'lan'), 'macvlan false {"parent":"lan0"}\n');
  await docker.run('run -d --name one --network lan --mac-address 02:42:aa:bb:cc:01 busybox', ...LASTING);
  await docker.run('run -d --name two --network lan --ip 10.90.0.200 busybox', ...LASTING);
  const said = await docker.run('exec one sh -c', 'ip -o link show eth0; ip -o addr show dev eth0; ip route; ip -6 route');
  for (const line of [/02:42:aa:bb:cc:01/, /10\.90\.0\.64\/27|10\.90\.0\.64\/24/, /fd00:90::2\/64/, /default via 10\.90\.0\.1/, /default via fd00:90::1/])
    assert.match(said, line);
  assert.match(await linkOf('one'), /macvlan mode bridge/);
  await docker.run('exec one ping -c1 -W2 10.90.0.1');
  await docker.run('exec one ping -6 -c1 -W2 fd00:90::1');
  await docker.run('exec one ping -c1 -W2 two');
  assert.match(await docker.run('exec two nslookup one'), /10\.90\.0\.64/);
  await docker.daemon.crash();
  await docker.daemon.restart();
  await docker.run('exec one ping -c1 -W2 two');
  await docker.run('run --rm --network lan busybox ping -c1 -W2 10.90.0.1');
  const { stderr } = await docker.outcome('create --name told -p 8080:80 --network lan busybox true');
  assert.match(stderr, /WARNING: Published ports are discarded: lan is no network by which ports are published/);
  await docker.run('rm told');
  assert.match(await docker.refused('network rm lan'), /has active endpoints/);
});

test('connect, disconnect and restart; the parent stays', async () => {
  await docker.run(
    'run -d --name both --hostname both -p 8080:80 busybox',
    'sh',
    '-c',
    'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www',
  );
  await docker.run('network connect lan both');
  await docker.run('exec both ping -c1 -W2 10.90.0.200');
  assert.equal(await docker.inside(['curl', '-sS', '--max-time', '3', 'http://127.0.0.1:8080/']), 'both\n');
  await docker.run('network disconnect lan both');
  assert.doesNotMatch(await docker.run('exec both ip -o link'), /eth1/);
  await docker.run('network connect lan both');
  await docker.run('restart -t 0 both');
  await docker.run('exec both ping -c1 -W2 10.90.0.200');
  await docker.run('rm -f one two both');
  await docker.run('network rm lan');
  await docker.inside(['ip', 'link', 'show', 'lan0']);
});

test('the modes private, vepa and passthru', async () => {
  for (const mode of ['private', 'vepa']) {
    await docker.run(`network create -d macvlan -o parent=lan0 -o macvlan_mode=${mode} --subnet 10.90.0.0/24 ${mode}`);
    await docker.run(`run -d --name stays --network ${mode} busybox`, ...LASTING);
    assert.match(await linkOf('stays'), new RegExp(`macvlan mode ${mode}`));
    await docker.refused(
      `run --rm --network ${mode} busybox ping -c1 -W1 ${await docker.inspect('stays', `{{(index .NetworkSettings.Networks "${mode}").IPAddress}}`)}`,
    );
    await docker.run('rm -f stays');
    await docker.run(`network rm ${mode}`);
  }
  await docker.run('network create -d macvlan -o parent=lan0 -o macvlan_mode=passthru --subnet 10.90.0.0/24 --gateway 10.90.0.1 alone');
  assert.match(
    await docker.refused('network create -d macvlan -o parent=lan0 --subnet 10.91.0.0/24 other'),
    /network alone is already using parent interface lan0/,
  );
  await docker.run('run --rm --network alone busybox ping -c1 -W2 10.90.0.1');
  await docker.run('network rm alone');
});

test('without a parent the network is an internal one', async () => {
  await docker.run('network create -d macvlan inner');
  assert.equal(await docker.run('network inspect -f', '{{.Internal}}', 'inner'), 'true\n');
  await docker.run('run -d --name one --network inner busybox', ...LASTING);
  await docker.run('run --rm --network inner busybox ping -c1 -W2 one');
  await docker.refused('run --rm --network inner busybox ping -c1 -W1 192.0.2.10');
  await docker.run('rm -f one');
  const before = await docker.inside(['ip', '-o', 'link']);
  assert.match(before, /gm[0-9a-f]{12}/);
  await docker.run('network rm inner');
  assert.doesNotMatch(await docker.inside(['ip', '-o', 'link']), /gm[0-9a-f]{12}|gq[0-9a-f]{12}/);
});

test('parents: a VLAN is made where the kernel can, and what cannot be is said', async () => {
  const outcome = await docker.outcome('network create -d macvlan -o parent=lan0.50 --subnet 10.92.0.0/24 tagged');
  if (outcome.status === 0) {
    assert.match(await docker.inside(['ip', '-d', 'link', 'show', 'lan0.50']), /vlan protocol 802\.1Q id 50/);
    await docker.run('run --rm --network tagged busybox true');
    await docker.run('network rm tagged');
  } else assert.match(outcome.stderr, /Cannot make lan0\.50: this machine's kernel has no links of the kind vlan/);
  assert.equal((await docker.daemon.inside(['ip', 'link', 'show', 'lan0.50'])).status, 1);
  for (const [words, said] of [
    ['-o parent=nosuch', /Cannot use nosuch as a parent: this machine has no such link/],
    ['-o parent=nosuch.5', /Cannot use nosuch as a parent/],
    ['-o parent=lan0.9999', /invalid subinterface vlan name lan0\.9999, example formatting is eth0\.10/],
    ['-o parent=lan0 -o macvlan_mode=source', /requested macvlan mode 'source' is not valid/],
    ['-o parent=lan0 -o com.docker.network.bridge.name=x', /network option com\.docker\.network\.bridge\.name is not supported/],
  ] as const)
    assert.match(await docker.refused(`network create -d macvlan ${words} refused`), said, words);
});

test('gantry down leaves the machine’s own links only', async () => {
  await docker.run('network create -d macvlan inner');
  await docker.run('run -d --name one --network inner busybox', ...LASTING);
  await docker.daemon.crash();
  assert.equal((await docker.daemon.gantry(['down'])).status, 0);
  const left = (await docker.inside(['ip', '-o', 'link'])).split('\n').map((line) => /^\d+: ([^:@]+)/.exec(line)?.[1] ?? '');
  assert.deepEqual(left.filter(Boolean).sort(), ['host0', 'host1', 'lan0', 'lan1', 'lo']);
});
