import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '#kit';
import { LASTING, startDocker } from '../support/docker.ts';
import { at, engineRequest } from '../support/engine-request.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const [OLDEST, NEWEST] = [24, 56];
const ALL = Array.from({ length: NEWEST - OLDEST + 1 }, (_, index) => OLDEST + index);
/** When all that is made below has been told of, in whole seconds: who asks for events earlier waits until then. */
const UNTIL_SECONDS = Math.ceil(systemClock.now() / 1000) + 3;
const ask = (minor: number, method: string, path: string, body?: object) =>
  engineRequest(docker.daemon.dockerSocket, method, `/v1.${minor}${path}`, body === undefined ? {} : { body });

before(async () => {
  await docker.run('network create club');
  await docker.run('run -d --name web --network club --network-alias shop -p 8080:80 --label of=versions busybox', ...LASTING);
  await docker.feed('FROM busybox\nRUN true\n', 'build -q -');
});

/** A field of an answer, and in which versions it is there. */
for (const [path, field, from, upTo] of [
  ['/images/busybox/json', 'VirtualSize', OLDEST, 43],
  ['/images/busybox/json', 'ContainerConfig', OLDEST, 44],
  ['/images/busybox/json', 'Config.Hostname', OLDEST, 49],
  ['/images/busybox/json', 'Config.Env', OLDEST, 51],
  ['/images/busybox/json', 'Author', OLDEST, 51],
  ['/images/busybox/json', 'RootFS.Layers', OLDEST, NEWEST],
  ['/images/json', '*.VirtualSize', OLDEST, 43],
  ['/containers/web/json', 'NetworkSettings.IPAddress', OLDEST, 51],
  ['/containers/web/json', 'NetworkSettings.Bridge', OLDEST, 51],
  ['/containers/web/json', 'NetworkSettings.SecondaryIPAddresses', OLDEST, 51],
  ['/containers/web/json', 'NetworkSettings.Networks.club.DNSNames', 44, NEWEST],
  ['/containers/web/json', 'NetworkSettings.Networks.club.GwPriority', 48, NEWEST],
  ['/containers/web/json', 'NetworkSettings.Ports.80/tcp', OLDEST, NEWEST],
  ['/containers/web/json', 'HostConfig.KernelMemory', OLDEST, 41],
  ['/containers/web/json', 'HostConfig.CgroupnsMode', 41, NEWEST],
  ['/containers/json', '*.NetworkSettings.Networks.club.GwPriority', 48, NEWEST],
  ['/networks/club', 'EnableIPv4', 48, NEWEST],
  ['/networks?filters=%7B%22name%22%3A%5B%22club%22%5D%7D', '*.Containers.*', OLDEST, 27],
  ['/info', 'ExecutionDriver', OLDEST, 24],
  ['/info', 'CgroupVersion', 41, NEWEST],
  ['/info', 'CDISpecDirs', 44, NEWEST],
  ['/info', 'BridgeNfIptables', OLDEST, 49],
  ['/info', 'FirewallBackend.Driver', 49, NEWEST],
  ['/info', 'DiscoveredDevices', 50, NEWEST],
  ['/info', 'RegistryConfig.AllowNondistributableArtifactsCIDRs', OLDEST, 48],
  ['/system/df', 'LayersSize', OLDEST, 52],
  ['/system/df', 'BuilderSize', OLDEST, 41],
  ['/system/df', 'ImagesUsage.TotalSize', 52, NEWEST],
  ['/system/df?verbose=1', 'ContainersUsage.Items.0.Id', 52, NEWEST],
  ['/system/df?type=image', 'Containers', OLDEST, 41],
  ['/system/df?type=image', 'ContainersUsage', NEWEST + 1, NEWEST],
  ['/containers/web/stats?stream=0&one-shot=1', 'os_type', 52, NEWEST],
  [`/events?since=0&until=${UNTIL_SECONDS}&filters=%7B%22type%22%3A%5B%22container%22%5D%7D`, '*.status', OLDEST, 51],
] as const)
  test(`${field} of GET ${path} is there from 1.${from} to 1.${upTo}`, async () => {
    // A sample takes a second below 1.41: the edges say enough.
    const versions =
      path.includes('/stats') || path.includes('/events') ? [41, from - 1, from, upTo, upTo + 1, NEWEST].filter((minor) => ALL.includes(minor)) : ALL;
    for (const minor of versions) {
      const { status, json } = await ask(minor, 'GET', path);
      assert.equal(status, 200, `1.${minor}`);
      assert.equal(at(json, field) !== undefined, minor >= from && minor <= upTo, `1.${minor}: ${JSON.stringify(at(json, field))}`);
    }
  });

test('the short id is an alias up to 1.44', async () => {
  const id = (await docker.inspect('web', '{{.Id}}')).slice(0, 12);
  for (const minor of ALL)
    assert.deepEqual(at((await ask(minor, 'GET', '/containers/web/json')).json, 'NetworkSettings.Networks.club.Aliases'), minor < 45 ? ['shop', id] : ['shop']);
});

test('an image without a name is <none>:<none> up to 1.42', async () => {
  for (const minor of ALL) {
    const { json } = await ask(minor, 'GET', `/images/json?filters=${encodeURIComponent('{"dangling":["true"]}')}`);
    assert.deepEqual(at(json, '0.RepoTags'), minor < 43 ? ['<none>:<none>'] : []);
    assert.equal(at(json, '0.Containers'), minor < 51 ? -1 : 0);
  }
});

test('streams are named by what they are from 1.42 on', async () => {
  for (const minor of ALL) {
    const { headers } = await ask(minor, 'GET', '/containers/web/logs?stdout=1');
    assert.equal(headers['content-type'], minor < 42 ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream');
  }
});

test('events come in the form that the client takes, from 1.52 on', async () => {
  const path = `/events?since=0&until=${UNTIL_SECONDS}`;
  for (const [minor, accepted, answered] of [
    [51, 'application/jsonl', 'application/json'],
    [52, 'application/json', 'application/json'],
    [52, 'application/x-ndjson', 'application/x-ndjson'],
    [53, 'application/jsonl', 'application/jsonl'],
    [56, 'application/json-seq', 'application/json-seq'],
  ] as const) {
    const { headers, bytes } = await engineRequest(docker.daemon.dockerSocket, 'GET', `/v1.${minor}${path}`, { headers: { Accept: accepted } });
    assert.equal(headers['content-type'], answered);
    assert.equal(bytes[0], answered === 'application/json-seq' ? 0x1e : '{'.charCodeAt(0));
  }
});

/** What a create of that version means; `undefined` is what is not there. */
for (const [what, body, field, expected] of [
  ['AutoRemove', { HostConfig: { AutoRemove: true } }, 'HostConfig.AutoRemove', (minor: number) => minor >= 25],
  ['Annotations', { HostConfig: { Annotations: { a: 'b' } } }, 'HostConfig.Annotations.a', (minor: number) => (minor >= 43 ? 'b' : undefined)],
  [
    'StartInterval',
    { Healthcheck: { Test: ['NONE'], StartInterval: 1e9 } },
    'Config.Healthcheck.StartInterval',
    (minor: number) => (minor >= 44 ? 1e9 : undefined),
  ],
  ['IpcMode', {}, 'HostConfig.IpcMode', (minor: number) => (minor >= 40 ? 'private' : 'shareable')],
  ['Umask', { HostConfig: { Umask: 0o77 } }, 'HostConfig.Umask', (minor: number) => (minor >= 56 ? 0o77 : undefined)],
] as const)
  test(`create: ${what} by version`, async () => {
    for (const minor of ALL) {
      const made = await ask(minor, 'POST', '/containers/create', { Image: 'busybox', Cmd: ['true'], ...body });
      assert.equal(made.status, 201, `1.${minor}: ${made.bytes.toString()}`);
      const id = String(at(made.json, 'Id'));
      assert.deepEqual(at((await ask(NEWEST, 'GET', `/containers/${id}/json`)).json, field), expected(minor), `1.${minor}`);
      assert.equal((await ask(minor, 'DELETE', `/containers/${id}`)).status, 204);
    }
  });

/** What is refused, and by which versions. */
for (const [what, body, refusedBy, said] of [
  [
    'two networks',
    { NetworkingConfig: { EndpointsConfig: { bridge: {}, club: {} } } },
    (minor: number) => minor < 44,
    /Container cannot be connected to network endpoints: bridge, club/,
  ],
  ['a MAC address of the container', { MacAddress: '02:42:ac:11:00:99' }, (minor: number) => minor >= 52, /container-wide MAC address no longer supported/],
  ['a mount of an image', { HostConfig: { Mounts: [{ Type: 'image', Source: 'busybox', Target: '/i' }] } }, (minor: number) => minor < 48, /1\.48 or newer/],
] as const)
  test(`create: ${what} is refused by some versions`, async () => {
    for (const minor of ALL) {
      const made = await ask(minor, 'POST', '/containers/create', { Image: 'busybox', Cmd: ['true'], ...body });
      if (refusedBy(minor)) {
        assert.equal(made.status, 400, `1.${minor}`);
        assert.match(String(at(made.json, 'message')), said);
      } else {
        assert.equal(made.status, 201, `1.${minor}: ${made.bytes.toString()}`);
        await ask(minor, 'DELETE', `/containers/${String(at(made.json, 'Id'))}`);
      }
    }
  });

test('a list of images of one name, until 1.40', async () => {
  for (const minor of ALL) {
    const { json } = await ask(minor, 'GET', '/images/json?filter=nothing');
    assert.equal(at(json, '0') === undefined, minor < 41, `1.${minor}`);
  }
});

test('an unnamed volume alone is pruned from 1.42 on, every unused one before', async () => {
  for (const minor of [OLDEST, 41, 42, NEWEST]) {
    await docker.run('volume create named');
    const anonymous = (await docker.run('volume create')).trim();
    const { json } = await ask(minor, 'POST', '/volumes/prune');
    assert.deepEqual(new Set(at(json, 'VolumesDeleted') as string[]), new Set(minor < 42 ? ['named', anonymous] : [anonymous])); // a list of names
    await docker.outcome('volume rm named');
  }
});

test('the umask is that of every process', async () => {
  const made = await ask(NEWEST, 'POST', '/containers/create?name=masked', {
    Image: 'busybox',
    Cmd: ['sh', '-c', 'umask; while :; do sleep 0.05; done'],
    HostConfig: { Umask: 0o27 },
  });
  assert.equal(made.status, 201);
  await docker.run('start masked');
  assert.equal(await docker.run('exec masked sh -c umask'), '0027\n');
  assert.equal(await docker.run('logs masked'), '0027\n');
  await docker.run('rm -f masked');
});

for (const version of ['1.24', '1.30', '1.40', '1.41', '1.42', '1.44', '1.50'])
  test(`the real docker at ${version} runs, executes, reads logs and events, and removes`, async () => {
    const at = (...words: readonly string[]) => output(docker.daemon.docker(words, { environment: { DOCKER_API_VERSION: version } }));
    assert.equal(await at('run', '--rm', '-v', 'early:/data', '--network', 'club', 'busybox', 'echo', version), `${version}\n`);
    await at('run', '-d', '--name', 'early', ...(version === '1.24' ? [] : ['--init']), 'busybox', ...LASTING);
    assert.equal(await at('exec', 'early', 'echo', 'inside'), 'inside\n');
    assert.equal(await at('logs', 'early'), 'ready\n');
    assert.match(await at('inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'early'), /^\d+\.\d+\.\d+\.\d+\n$/);
    assert.match(await at('ps', '--filter', 'name=early', '--format', '{{.Names}} {{.Image}}'), /^early busybox\n$/);
    assert.match(await at('stats', '--no-stream', '--format', '{{.Name}}', 'early'), /^early\n$/);
    assert.match(await at('events', '--since', '10m', '--until', '0s', '--filter', 'container=early', '--format', '{{.Action}}'), /^create\n/);
    await at('rm', '-f', 'early');
    await at('volume', 'rm', 'early');
    assert.match(await at('images', '--format', '{{.Repository}}'), /busybox/);
  });

test('versions outside are refused in words, everything else says which it is', async () => {
  const bare = (path: string) => engineRequest(docker.daemon.dockerSocket, 'GET', path);
  for (const version of ['1.23', '1.5', '0.9']) {
    const { status, json } = await bare(`/v${version}/version`);
    assert.equal(status, 400);
    assert.match(String(at(json, 'message')), new RegExp(`^client version ${version} is too old\\. Minimum supported API version is 1\\.24`));
  }
  for (const version of ['1.57', '2.0']) {
    const { status, json } = await bare(`/v${version}/version`);
    assert.deepEqual([status, at(json, 'message')], [400, `client version ${version} is too new. Maximum supported API version is 1.56`]);
  }
  for (const minor of ALL) assert.equal((await ask(minor, 'GET', '/version')).status, 200);
  assert.equal((await bare('/vx/version')).status, 404);
});

test('a ping names version, system and builder, by GET and by HEAD', async () => {
  for (const method of ['GET', 'HEAD']) {
    const { status, headers, bytes } = await engineRequest(docker.daemon.dockerSocket, method, '/_ping');
    assert.equal(status, 200);
    assert.equal(bytes.toString(), method === 'GET' ? 'OK' : '');
    assert.deepEqual(
      [headers['api-version'], headers['ostype'], headers['docker-experimental'], headers['builder-version'], headers['swarm'], headers['content-type']],
      ['1.56', 'linux', 'false', '1', 'inactive', 'text/plain; charset=utf-8'],
    );
    assert.equal(headers['cache-control'], 'no-cache, no-store, must-revalidate');
    assert.match(String(headers['server']), /^Docker\/\S+ \(linux\)$/);
  }
});
