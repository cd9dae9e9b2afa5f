import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, test } from 'node:test';
import { systemClock } from '#kit';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { seeded } from '../support/seeded.ts';

/** Spawning docker included. */
const CONNECT_TAKES_MS = 90;
/** GANTRY_SEED replays a run. */
const SEED = Number(process.env['GANTRY_SEED'] ?? randomInt(2 ** 31));
const KILLS = Number(process.env['GANTRY_SOAK_KILLS'] ?? 5);

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const HTTP = ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p [::]:80 -h /www'] as const;
const fetch = (url: string) => docker.daemon.inside(['curl', '-sS', '--max-time', '3', url]);
const served = (url: string) => eventually(url, async () => (await fetch(url)).stdout || undefined);
const addressOf = (name: string, network: string) => docker.inspect(name, `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);
const target = async (set: string) => /: ([\d.]+|[0-9a-f:]+) \. 80/.exec(await docker.inside(['nft', 'list', 'map', 'inet', `gantry_${docker.id}`, set]))?.[1];

test('published ports follow: when their network goes they lead by another one at once, or nowhere', async () => {
  await docker.run('network create first');
  await docker.run('network create --ipv6 --subnet fd00:55::/64 second');
  await docker.run('network create --internal inner');
  await docker.run('run -d --name web --hostname web --network first -p 8080:80 -p 80 busybox', ...HTTP);
  assert.equal(await served('http://127.0.0.1:8080/'), 'web\n');
  const chosen = await docker.inspect('web', '{{(index (index .NetworkSettings.Ports "80/tcp") 1).HostPort}}');
  await docker.run('network connect inner web');
  await docker.run('network connect second web');
  assert.equal(await target('published_everywhere'), await addressOf('web', 'first'));
  await docker.run('network disconnect first web');
  assert.equal(await target('published_everywhere'), await addressOf('web', 'second'));
  for (const host of ['127.0.0.1', '192.0.2.10', '[::1]']) assert.equal((await fetch(`http://${host}:8080/`)).stdout, 'web\n', host);
  assert.equal((await fetch(`http://192.0.2.10:${chosen}/`)).stdout, 'web\n', 'what was chosen stays');
  assert.match(await docker.run('port web'), new RegExp(`\\[::\\]:${chosen}$`, 'm'));
  assert.match(await docker.run('exec web ip route'), /default via 10\.89\.1\.1/);
  assert.match(await docker.run('exec web ip -6 route'), /default via fd00:55::1/);
  await docker.run('network disconnect second web');
  assert.equal((await fetch('http://127.0.0.1:8080/')).status, 7, 'an internal network publishes nothing');
  assert.equal(await target('published_everywhere'), undefined);
  assert.doesNotMatch(await docker.run('exec web ip route'), /default/);
  await docker.daemon.crash();
  await docker.daemon.restart();
  assert.equal((await fetch('http://127.0.0.1:8080/')).status, 7);
  await docker.run('network connect first web');
  assert.equal((await fetch('http://192.0.2.10:8080/')).stdout, 'web\n');
  await docker.run('network disconnect -f inner web');
  await docker.run('network disconnect first web');
  assert.equal(await docker.inspect('web', '{{len .NetworkSettings.Networks}}'), '0');
  await docker.run('rm -f web');
  await docker.run('network rm first second inner');
});

test('connect with addresses, aliases, links and options; gw-priority', async () => {
  await docker.run('network create --subnet 10.60.0.0/24 --ipv6 --subnet fd00:60::/64 home');
  await docker.run('network create --subnet 10.61.0.0/24 away');
  await docker.run('run -d --name db --network home busybox', ...LASTING);
  await docker.run('run -d --name app busybox', ...LASTING);
  const connect = [
    '--ip',
    '10.60.0.77',
    '--ip6',
    'fd00:60::77',
    '--alias',
    'nick',
    '--link',
    'db:store',
    '--driver-opt',
    'com.docker.network.endpoint.ifname=lan7',
  ];
  await docker.run('network connect', ...connect, 'home', 'app');
  assert.match(await docker.run('exec app ip -o addr show dev lan7'), /10\.60\.0\.77\/24[\s\S]*fd00:60::77\/64/);
  assert.match(await docker.run('exec db nslookup nick'), /10\.60\.0\.77[\s\S]*fd00:60::77/);
  assert.match(await docker.run('exec app nslookup store'), new RegExp(await addressOf('db', 'home')));
  assert.match(await docker.run('exec app cat /etc/hosts'), /^10\.60\.0\.77\t/m);
  const shown = JSON.parse(await docker.inspect('app', '{{json .NetworkSettings.Networks.home}}')) as Readonly<Record<string, unknown>>;
  assert.deepEqual(
    [shown['Aliases'], shown['Links'], shown['IPAMConfig'], shown['DriverOpts'], shown['GwPriority']],
    [['nick'], ['db:store'], { IPv4Address: '10.60.0.77', IPv6Address: 'fd00:60::77' }, { 'com.docker.network.endpoint.ifname': 'lan7' }, 0],
  );
  assert.match(await docker.run('exec app ip route'), /default via 10\.88\.0\.1/);
  await docker.run('network connect --gw-priority 10 away app');
  assert.match(await docker.run('exec app ip route'), /default via 10\.61\.0\.1/);
  await docker.run('exec app ping -c1 -W2 192.0.2.10');
  await docker.run('network disconnect away app');
  assert.match(await docker.run('exec app ip route'), /default via 10\.88\.0\.1/);
  await docker.run('exec app ping -c1 -W2 192.0.2.10');
  await docker.run('network disconnect home app');
  assert.doesNotMatch(await docker.run('exec app cat /etc/hosts'), /10\.60\.0\.77/);
  assert.match(await docker.run('run --rm --network name=home --network name=away,gw-priority=1 busybox ip route'), /default via 10\.61\.0\.1/);
  assert.match(await docker.refused('network connect --ip 10.99.0.1 home app'), /10\.99\.0\.1/);
  assert.match(await docker.refused('network connect --driver-opt colour=red home app'), /endpoint option colour is not supported/);
  assert.match(await docker.refused('network disconnect home app'), /app is not connected to network home/);
  await docker.run('network disconnect bridge app');
  assert.match(await docker.refused('network connect --alias nick bridge app'), /network-scoped aliases are only supported for user-defined networks/);
  await docker.run('network connect bridge app');
  assert.match(await docker.refused('network connect home nosuch'), /No such container: nosuch/);
  assert.equal(await docker.inspect('app', '{{len .NetworkSettings.Networks}}'), '1');
  await docker.run('rm -f db app');
  await docker.run('network rm home away');
});

test('kill -9 at random points of connect and disconnect: links and record agree, and no address is there twice', async (t) => {
  t.diagnostic(`GANTRY_SEED=${SEED}`);
  const random = seeded(SEED);
  await docker.run('network create --subnet 10.63.0.0/28 crashing');
  await docker.run('run -d --name web -p 8090:80 --hostname web busybox', ...HTTP);
  await served('http://127.0.0.1:8090/');
  for (let round = 0; round < KILLS; round += 1) {
    const isIn = (await docker.inspect('web', '{{json .NetworkSettings.Networks}}')).includes('crashing');
    const changing = docker.outcome(`network ${isIn ? 'disconnect' : 'connect'} crashing web`);
    await systemClock.sleep(random() * CONNECT_TAKES_MS);
    await docker.daemon.crash();
    await changing;
    await docker.daemon.restart();
    const shown = JSON.parse(await docker.inspect('web', '{{json .NetworkSettings.Networks}}')) as Record<string, { IPAddress: string }>;
    const inside = [...(await docker.run('exec web ip -4 -o addr')).matchAll(/inet (10\.[\d.]+)/g)].map(([, address]) => address);
    assert.deepEqual(
      inside.toSorted(),
      Object.values(shown)
        .map(({ IPAddress }) => IPAddress)
        .toSorted(),
    );
    assert.match(await docker.run('exec web ip route'), /default via 10\.88\.0\.1/);
    assert.equal((await fetch('http://192.0.2.10:8090/')).stdout, 'web\n');
    assert.doesNotMatch(inside.join(' '), new RegExp(`\\b${(await docker.run('run --rm --network crashing busybox hostname -i')).trim()}\\b`));
  }
  await docker.run('rm -f web');
  await docker.run('network rm crashing');
});

test('many edits of ports at once: each is kept', async () => {
  await docker.run('run -d --name many busybox', ...HTTP);
  const ports = Array.from({ length: 6 }, (_, index) => 9100 + index);
  const outcomes = await Promise.all(ports.map((port) => docker.daemon.gantry(['container', 'port', 'add', 'many', `${port}:80`])));
  for (const { status, stderr } of outcomes) assert.equal(status, 0, stderr);
  for (const port of ports) assert.match(await served(`http://127.0.0.1:${port}/`), /^[0-9a-f]{12}\n$/);
  const gone = await Promise.all(ports.slice(1).map((port) => docker.daemon.gantry(['container', 'port', 'rm', 'many', `${port}:80`])));
  for (const { status, stderr } of gone) assert.equal(status, 0, stderr);
  assert.equal(await docker.run('port many'), '80/tcp -> 0.0.0.0:9100\n');
  await docker.run('rm -f many');
});
