import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const HTTP = ['sh', '-c', 'mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 80 -h /www'] as const;
const fetch = (url: string) => docker.daemon.inside(['curl', '-sS', '--max-time', '3', url]);
/** Waits until it serves: httpd does not say when it does. */
const served = (url: string) => eventually(url, async () => (await fetch(url)).stdout || undefined);
const addressOf = (name: string, network: string) => docker.inspect(name, `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`);

test('a published port answers by every name of the machine, and from other containers', async () => {
  await docker.run('run -d --name mycontainer --hostname web -p 8080:80 busybox', ...HTTP);
  for (const host of ['127.0.0.1', '192.0.2.10', 'localhost', '[::1]']) assert.equal(await served(`http://${host}:8080/`), 'web\n', host);
  assert.equal(await docker.run('run --rm busybox wget -qO- http://192.0.2.10:8080/'), 'web\n');
  assert.equal(await docker.run('exec mycontainer wget -qO- http://192.0.2.10:8080/'), 'web\n');
  assert.equal(await docker.run('run --rm --network host busybox wget -qO- http://127.0.0.1:8080/'), 'web\n');
  await docker.run('network create aside');
  assert.equal(await docker.run('run --rm --network aside busybox wget -qO- http://192.0.2.10:8080/'), 'web\n');
  await docker.run('network rm aside');
});

for (const [port, said] of [
  ['8080:80', /Cannot publish port 0\.0\.0\.0:8080\/tcp: .*; choose another port/],
  ['127.0.0.1:5000:80', /Cannot publish port 127\.0\.0\.1:5000\/tcp: another program listens there/],
] as const)
  test(`publishing ${port}, which is taken, is one clear sentence, and nothing is half started`, async () => {
    const before = await docker.baseline();
    const outcome = await docker.outcome(`run -d --name clash -p ${port} busybox`, ...HTTP);
    assert.equal(outcome.status, 125);
    assert.match(outcome.stderr, said);
    assert.equal(
      outcome.stderr
        .trim()
        .split('\n')
        .filter((line) => line.includes('publish')).length,
      1,
    );
    assert.equal(await docker.inspect('clash', '{{.State.Status}} {{.State.Pid}}'), 'created 0');
    await docker.run('rm clash');
    await docker.settled(before);
  });

test('a port is free again once its container has stopped, and others get "address in use" before', async () => {
  assert.match((await docker.daemon.inside(['busybox', 'nc', '-l', '-p', '8080', '-e', 'true'])).stderr, /in use/i);
  await docker.run('rm -f mycontainer');
  await docker.run('run -d --name next -p 127.0.0.1:8080:80 busybox', ...HTTP);
  await served('http://127.0.0.1:8080/');
  assert.notEqual((await fetch('http://192.0.2.10:8080/')).status, 0);
  await docker.run('rm -f next');
});

test('ports: chosen by the machine, by range, for udp, and all that are exposed', async () => {
  await docker.run('run -d --name many -p 80 -p 7000-7001:7000-7001 -p 5353:53/udp --expose 90 -P busybox', ...HTTP);
  const ports = await docker.run('port many');
  for (const line of [
    /^80\/tcp -> 0\.0\.0\.0:\d+$/m,
    /^7000\/tcp -> 0\.0\.0\.0:7000$/m,
    /^7001\/tcp -> 0\.0\.0\.0:7001$/m,
    /^53\/udp -> 0\.0\.0\.0:5353$/m,
    /^90\/tcp -> /m,
  ])
    assert.match(ports, line);
  const chosen = /^80\/tcp -> 0\.0\.0\.0:(\d+)$/m.exec(ports)?.[1];
  assert.match(await served(`http://127.0.0.1:${chosen}/`), /^[0-9a-f]{12}\n$/);
  assert.equal(await docker.run('ps -f publish=7000 --format', '{{.Names}}'), 'many\n');
  await docker.run('rm -f many');
});

test('on a network of their own containers find each other by name, alias and short id', async () => {
  await docker.run('network create --label a=b shared');
  const id = (await docker.run('run -d --name first --network shared --network-alias nick busybox', ...HTTP)).trim();
  await docker.run('run -d --name second --network shared busybox', ...LASTING);
  const address = await addressOf('first', 'shared');
  for (const name of ['first', 'nick', id.slice(0, 12)])
    assert.match(await docker.run(`exec second nslookup ${name}`), new RegExp(`Address:?\\s+(1: )?${address}`), name);
  assert.match(
    await eventually('the server', async () => (await docker.outcome('exec second wget -qO- http://first/')).stdout || undefined),
    /^[0-9a-f]{12}\n$/,
  );
  assert.match(await docker.run('network inspect shared'), /"Name": "first"[\s\S]*"Name": "second"/);
  assert.equal(await docker.run('network ls -f label=a=b --format', '{{.Name}} {{.Driver}} {{.Scope}}'), 'shared bridge local\n');
  await docker.run('rename first renamed');
  assert.match(await docker.run('exec second nslookup renamed'), new RegExp(address.replaceAll('.', '\\.')));
  assert.match(await docker.refused('network rm shared'), /has active endpoints/);
});

test('networks are apart; connect and disconnect join and part them live', async () => {
  await docker.run('network create apart');
  await docker.run('run -d --name third --network apart busybox', ...LASTING);
  const address = await addressOf('renamed', 'shared');
  await docker.refused('exec third nslookup renamed');
  await docker.refused(`exec third ping -c1 -W1 ${address}`);
  await docker.run('network connect --alias guest apart renamed');
  await docker.run('exec third ping -c1 -W2 guest');
  assert.equal(await docker.inspect('renamed', '{{len .NetworkSettings.Networks}}'), '2');
  await docker.run('network disconnect apart renamed');
  await docker.refused('exec third ping -c1 -W1 guest');
  assert.equal(await docker.inspect('renamed', '{{len .NetworkSettings.Networks}}'), '1');
  assert.match(await docker.run('exec second ping -c1 -W2 renamed'), /1 packets received/);
  await docker.run('rm -f third renamed second');
  await docker.run('network rm shared apart');
});

test('a network has the subnet and gateway it was given, and gives the address that was asked for', async () => {
  await docker.run('network create --subnet 10.99.0.0/24 --gateway 10.99.0.254 fixed');
  const said = await docker.run('run --rm --ip 10.99.0.77 --network fixed busybox sh -c', 'ip -4 -o addr show eth0; ip route');
  assert.match(said, /inet 10\.99\.0\.77\/24[\s\S]*default via 10\.99\.0\.254/);
  assert.match(await docker.refused('run --rm --ip 10.98.0.1 --network fixed busybox true'), /10\.98\.0\.1/);
  assert.match(await docker.refused('network create --subnet 10.99.0.0/25 overlapping'), /10\.99\.0\.0/);
  await docker.run('network rm fixed');
  await docker.run('network create --internal inner');
  await docker.refused('run --rm --network inner busybox ping -c1 -W1 192.0.2.10');
  await docker.run('network rm inner');
});

test('the modes none, host and container', async () => {
  assert.equal((await docker.run('run --rm --network none busybox ip -o link')).trim().split('\n').length, 1);
  assert.match(await docker.run('run --rm --network host busybox ip -4 -o addr'), /192\.0\.2\.10/);
  await docker.run('run -d --name owner busybox', ...HTTP);
  const guest = ['--network', 'container:owner', 'busybox'];
  assert.match(await docker.run('run --rm', ...guest, 'ip', '-4', '-o', 'addr'), new RegExp(await docker.inspect('owner', '{{.NetworkSettings.IPAddress}}')));
  assert.match(await docker.run('run --rm', ...guest, 'wget', '-qO-', 'http://127.0.0.1/'), /^[0-9a-f]{12}\n$/);
  assert.match(await docker.refused('run --rm -p 1:1', ...guest, 'true'), /publish|conflict/i);
  await docker.run('rm -f owner');
});

test('names: hostname, hosts and resolvers as asked', async () => {
  const said = await docker.run(
    'run --rm --hostname hh --domainname example.org --add-host x:192.0.2.1 --add-host gate:host-gateway --dns 192.0.2.53 --dns-search foo.bar --dns-option ndots:2 busybox sh -c',
    'hostname; cat /etc/hosts /etc/resolv.conf',
  );
  for (const line of [
    /^hh$/m,
    /^192\.0\.2\.1\tx$/m,
    /^10\.88\.0\.1\tgate$/m,
    /\thh(\.example\.org)?/m,
    /^nameserver 192\.0\.2\.53$/m,
    /^search foo\.bar$/m,
    /^options ndots:2$/m,
  ])
    assert.match(said, line);
  assert.match(await docker.run('run --rm busybox hostname'), /^[0-9a-f]{12}\n$/);
});
