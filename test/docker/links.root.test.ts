import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { LASTING, startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

test('a link on the default network gives a name and variables', async () => {
  await docker.run('run -d --name db --expose 5432 --expose 53/udp -e COLOUR=red busybox', ...LASTING);
  const address = await docker.inspect('db', '{{.NetworkSettings.IPAddress}}');
  const words = await docker.run(
    'run --name web --link db:my-db -e MY_DB_NAME=own busybox sh -c',
    'grep my-db /etc/hosts; env | grep ^MY_DB | sort; ping -c1 my-db | grep -c " 0% packet loss"',
  );
  const short = (await docker.inspect('db', '{{.Id}}')).slice(0, 12);
  assert.equal(
    words,
    [
      `${address}\tmy-db ${short} db`,
      'MY_DB_ENV_COLOUR=red',
      'MY_DB_NAME=own',
      `MY_DB_PORT=udp://${address}:53`,
      ...[`=udp://${address}:53`, `_ADDR=${address}`, '_PORT=53', '_PROTO=udp'].map((rest) => `MY_DB_PORT_53_UDP${rest}`),
      ...[`=tcp://${address}:5432`, `_ADDR=${address}`, '_PORT=5432', '_PROTO=tcp'].map((rest) => `MY_DB_PORT_5432_TCP${rest}`),
      '1',
      '',
    ].join('\n'),
  );
  assert.equal(await docker.inspect('web', '{{json .HostConfig.Links}}'), '["/db:/web/my-db"]');
  await docker.run('rm web');
  await docker.run('run -d --name kept --link db busybox', ...LASTING);
  await docker.run('stop -t 0 db');
  assert.match(await docker.refused('run --rm --name late --link db busybox true'), /Cannot link to a non running container: \/db AS \/late\/db/);
  // Its address goes to another one meanwhile.
  await docker.run('run -d --name other busybox', ...LASTING);
  await docker.run('start db');
  const next = await docker.inspect('db', '{{.NetworkSettings.IPAddress}}');
  assert.match(await docker.run('exec kept cat /etc/hosts'), new RegExp(`^${next}\tdb `, 'm'));
  assert.match(await docker.run('exec --env X=1 kept env'), new RegExp(`^DB_NAME=/kept/db$`, 'm'));
  await docker.run('rm -f db kept other');
});

test('a link on another network is a name that the container alone knows', async () => {
  await docker.run('network create own');
  await docker.run('run -d --name server --network own busybox', ...LASTING);
  await docker.run('run -d --name client --network own --link server:alias busybox', ...LASTING);
  await docker.run('run -d --name stranger --network own busybox', ...LASTING);
  const address = await docker.inspect('server', '{{.NetworkSettings.Networks.own.IPAddress}}');
  await eventually('the name', async () => (await docker.outcome('exec client nslookup alias')).stdout.includes(address));
  assert.notEqual((await docker.outcome('exec stranger nslookup alias')).status, 0);
  assert.equal(await docker.inspect('client', '{{json .NetworkSettings.Networks.own.Links}}'), '["server:alias"]');
  await docker.run('rm -f server client stranger');
  await docker.run('network rm own');
});

test('links that cannot be are refused', async () => {
  assert.match(await docker.refused('run --rm --link nosuch:x busybox true'), /No such container: nosuch/);
  await docker.run('create --name some busybox true');
  assert.match(await docker.refused('run --rm --network host --link some busybox true'), /can't be used with links/);
  await docker.run('rm some');
});
