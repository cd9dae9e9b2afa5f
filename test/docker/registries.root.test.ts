import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Conversation } from '../support/conversation.ts';
import { makeContext } from '../support/context.ts';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
const guards: Conversation[] = [];
after(async () => {
  for (const guard of guards) await guard[Symbol.asyncDispose]();
  await docker[Symbol.asyncDispose]();
});

const SCRIPT = new URL('../support/guarded-registry.ts', import.meta.url).pathname;
const [BASIC, TOKEN] = ['127.0.0.1:6001', '127.0.0.1:6002'];
let builtIn = '';

before(async () => {
  const configured = await readFile(join(docker.daemon.dataDir, 'registries.conf'), 'utf8');
  builtIn = /location = "([^/"]+)/.exec(configured)?.[1] ?? '';
  assert.notEqual(builtIn, '');
  for (const [place, kind] of [
    [BASIC, 'basic'],
    [TOKEN, 'token'],
  ] as const) {
    const guard = new Conversation(docker.daemon.spawn([process.execPath, '--no-warnings', SCRIPT, place.split(':')[1] ?? '', `http://${builtIn}`, kind]));
    guards.push(guard);
    await guard.hears(/ready/);
  }
});

/** Asks the engine itself; answers status and body. */
async function ask(method: string, path: string, body?: object, header?: object): Promise<{ status: number; body: string }> {
  const said = await docker.inside([
    'curl',
    '-s',
    '-X',
    method,
    '-w',
    '\n%{http_code}',
    '--unix-socket',
    docker.daemon.dockerSocket,
    ...(body === undefined ? [] : ['-H', 'Content-Type: application/json', '-d', JSON.stringify(body)]),
    ...(header === undefined ? [] : ['-H', `X-Registry-Auth: ${Buffer.from(JSON.stringify(header)).toString('base64url')}`]),
    `http://docker${path}`,
  ]);
  const [, text = '', status = ''] = /^([\s\S]*)\n(\d+)$/.exec(said) ?? [];
  return { status: Number(status), body: text };
}

for (const [place, kind] of [
  [BASIC, 'basic authentication'],
  [TOKEN, 'a token service'],
] as const) {
  test(`without credentials ${kind} refuses push and pull`, async () => {
    await docker.run('tag busybox', `${place}/team/app:1`);
    assert.match(await docker.refused('push', `${place}/team/app:1`), /denied|Cannot sign in/);
    assert.match(await docker.refused('pull', `${place}/team/app:2`), /denied|Cannot sign in/);
  });

  test(`docker login is checked by ${kind}; then push and pull work; after docker logout they do not`, async () => {
    assert.match(await docker.refused('login -u ann -p wrong', place), /401|check the user name and password/);
    assert.match(await docker.run('login -u ann -p s3cret', place), /Login Succeeded/);
    assert.match(await docker.run('push', `${place}/team/app:1`), /1: digest: sha256:[0-9a-f]{64} size: \d+/);
    await docker.run('rmi', `${place}/team/app:1`);
    assert.match(await docker.run('pull', `${place}/team/app:1`), /Status: Downloaded newer image/);
    assert.equal(await docker.inspect(`${place}/team/app:1`, '{{.Id}}'), await docker.inspect('busybox', '{{.Id}}'));
    await docker.run('rmi', `${place}/team/app:1`);
    await docker.run('logout', place);
    assert.match(await docker.refused('pull', `${place}/team/app:1`), /denied|Cannot sign in/);
  });
}

test('an identity token and a wrong one', async () => {
  assert.deepEqual(await ask('POST', '/auth', { serveraddress: `http://${TOKEN}/v2/`, identitytoken: 'fresh' }), {
    status: 200,
    body: '{"Status":"Login Succeeded","IdentityToken":""}\n',
  });
  assert.equal((await ask('POST', '/auth', { serveraddress: TOKEN, identitytoken: 'stale' })).status, 401);
  assert.equal((await ask('POST', '/auth', { serveraddress: 'a b', username: 'x', password: 'y' })).status, 400);
  assert.match((await ask('POST', '/images/create?fromImage=127.0.0.1:6002/team/app&tag=1', undefined, { identitytoken: 'fresh' })).body, /Downloaded newer/);
  await docker.run('rmi', `${TOKEN}/team/app:1`);
  assert.match((await ask('POST', '/auth', { serveraddress: '127.0.0.1:1', username: 'x', password: 'y' })).body, /Cannot reach registry 127\.0\.0\.1:1/);
});

test('an image is inspected in its registry, without and with credentials', async () => {
  await docker.run('tag busybox myregistry/tools/box:3');
  await docker.run('push myregistry/tools/box:3');
  const digest = (await docker.inspect('myregistry/tools/box:3', '{{index .RepoDigests}}')).match(/sha256:[0-9a-f]{64}/)?.[0];
  const found = await ask('GET', '/distribution/myregistry/tools/box:3/json');
  const value: unknown = JSON.parse(found.body);
  assert.ok(typeof value === 'object' && value !== null && 'Descriptor' in value && 'Platforms' in value);
  assert.deepEqual(value.Platforms, [{ os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch }]);
  assert.match(JSON.stringify(value.Descriptor), new RegExp(`"digest":"${digest}"`));
  const path = `/distribution/${TOKEN}/team/app:1/json`;
  assert.equal((await ask('GET', path)).status, 401);
  assert.equal((await ask('GET', path, undefined, { username: 'ann', password: 's3cret' })).status, 200);
  assert.equal((await ask('GET', '/distribution/myregistry/tools/box:4/json')).status, 404);
});

test('docker manifest inspect shows what the registry has', async () => {
  const shown = await docker.run('manifest inspect --insecure', `${builtIn}/myregistry/tools/box:3`);
  assert.match(shown, /"schemaVersion": 2,[\s\S]*"layers"/);
});

test('docker search looks into the catalogue of the configured registry, and of one that the term names', async () => {
  for (const name of ['alpha', 'alphabet', 'beta']) {
    await docker.run('tag busybox', `myregistry/team/${name}`);
    await docker.run('push -q', `myregistry/team/${name}`);
  }
  const search = async (...words: readonly string[]) => (await docker.run('search --format {{.Name}}', ...words)).split('\n').filter(Boolean);
  assert.deepEqual(await search('alpha'), ['myregistry/team/alpha', 'myregistry/team/alphabet']);
  assert.deepEqual(await search('--limit', '1', 'alpha'), ['myregistry/team/alpha']);
  assert.deepEqual(await search('--filter', 'is-official=false', 'beta'), ['myregistry/team/beta']);
  assert.deepEqual(await search('--filter', 'is-official=true', 'beta'), []);
  assert.deepEqual(await search('--filter', 'stars=1', 'beta'), []);
  assert.deepEqual(await search('--filter', 'stars=0', 'beta'), ['myregistry/team/beta']);
  assert.deepEqual(await search('nothing-of-that-name'), []);
  assert.deepEqual(await search(`${builtIn}/beta`), [`${builtIn}/myregistry/team/beta`]);
  assert.match(await docker.refused('search --limit 101 alpha'), /Limit 101 is outside the range of \[1, 100\]/);
  assert.match(await docker.refused('search --filter stars=many alpha'), /stars/);
  assert.match(await docker.refused('search --filter colour=red alpha'), /invalid filter/);
  assert.match(await docker.refused('search', `${TOKEN}/beta`), /denied|Cannot sign in/);
  await docker.run('login -u ann -p s3cret', TOKEN);
  assert.deepEqual(await search(`${TOKEN}/beta`), [`${TOKEN}/myregistry/team/beta`]);
});

const HELPER = `#!/bin/sh
[ "$1" = list ] && { echo '{"${BASIC}":"ann","${TOKEN}":"<token>"}'; exit; }
read -r registry
case "$registry" in
  ${BASIC}) echo '{"Username":"ann","Secret":"s3cret"}' ;;
  ${TOKEN}) echo '{"Username":"<token>","Secret":"fresh"}' ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

test('gantry asks the credential helpers that docker asks: for one registry, or for all; for passwords and identity tokens', async () => {
  const { folder } = docker.daemon;
  await mkdir(join(folder, 'bin'));
  await writeFile(join(folder, 'bin/docker-credential-safe'), HELPER, { mode: 0o755 });
  const environment = { PATH: `${join(folder, 'bin')}:${process.env.PATH}`, DOCKER_CONFIG: join(folder, 'helped') };
  const configure = async (config: object) => {
    await mkdir(environment.DOCKER_CONFIG, { recursive: true });
    await writeFile(join(environment.DOCKER_CONFIG, 'config.json'), JSON.stringify(config));
  };
  const gantry = (...words: readonly string[]) => docker.daemon.gantry(words, { environment });
  for (const place of [BASIC, TOKEN]) {
    const name = `${place}/helped/app:1`;
    await docker.run('tag busybox', name);
    await configure({ credHelpers: { 'other.example': 'safe' } });
    assert.notEqual((await gantry('push', name)).status, 0);
    for (const config of [{ credHelpers: { [place]: 'safe' } }, { credsStore: 'safe' }]) {
      await configure(config);
      await output(gantry('push', name));
      await docker.run('rmi', name);
      await output(gantry('pull', name));
      assert.match(await output(gantry('registry', 'ls', `${place}/helped/app`)), /^1 /m);
      await docker.run('rmi', name);
      const folderOfBuild = await makeContext(join(folder, 'from-helped'), { Dockerfile: `FROM ${name}\nRUN true\n` });
      await output(gantry('build', '--pull', folderOfBuild));
    }
  }
  await configure({ credsStore: 'absent' });
  const { status, stderr } = await gantry('pull', `${BASIC}/helped/app:1`);
  assert.notEqual(status, 0);
  assert.match(stderr, /Cannot ask docker-credential-absent, which config\.json names/);
});
