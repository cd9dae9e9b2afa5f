import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { allLogins, loginOf } from './logins.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-logins-'));
after(() => rm(folder, { recursive: true }));

const ANN = Buffer.from('ann:s3:cret').toString('base64');
const HELPER = `#!/bin/sh
read -r registry || true
case "$1 $registry" in
  "get helped.example") echo '{"Username":"bob","Secret":"x"}' ;;
  "get token.example") echo '{"Username":"<token>","Secret":"fresh"}' ;;
  "list ") echo '{"https://token.example/v1/":"<token>","broken.example":"x"}' ;;
  "get broken.example") echo 'the vault is locked'; exit 1 ;;
  *) echo 'credentials not found in native keychain'; exit 1 ;;
esac
`;

test('logins are those of docker: the file, a helper for one registry, a store for the rest', async () => {
  const [config, programs] = [join(folder, 'docker'), join(folder, 'bin')];
  await Promise.all([mkdir(config), mkdir(programs)]);
  await writeFile(join(programs, 'docker-credential-test'), HELPER);
  await chmod(join(programs, 'docker-credential-test'), 0o755);
  const environment = { DOCKER_CONFIG: config, PATH: `${programs}:${process.env.PATH ?? ''}` };
  const check = async (settings: object, host: string, expected: object | undefined) => {
    await writeFile(join(config, 'config.json'), JSON.stringify(settings));
    assert.deepEqual(await loginOf(host, environment), expected, host);
  };
  const auths = { 'reg.example:5000': { auth: ANN }, 'https://index.docker.io/v1/': { auth: ANN }, 'id.example': { auth: ANN, identitytoken: 'fresh' } };
  const all = async (settings: object) => {
    const problems: string[] = [];
    await writeFile(join(config, 'config.json'), JSON.stringify(settings));
    return [Object.fromEntries(await allLogins(environment, (problem) => problems.push(problem))), problems] as const;
  };
  await check({}, 'reg.example', undefined);
  await check({ auths }, 'reg.example:5000', { username: 'ann', password: 's3:cret' });
  await check({ auths }, 'docker.io', { username: 'ann', password: 's3:cret' });
  await check({ auths }, 'id.example', { identityToken: 'fresh' });
  await check({ auths, credHelpers: { 'helped.example': 'test' } }, 'helped.example', { username: 'bob', password: 'x' });
  await check({ auths, credHelpers: { 'helped.example': 'test' } }, 'reg.example:5000', { username: 'ann', password: 's3:cret' });
  await check({ credsStore: 'test' }, 'token.example', { identityToken: 'fresh' });
  await check({ credsStore: 'test' }, 'other.example', undefined);
  await assert.rejects(loginOf('broken.example', environment), {
    code: 'COMMAND_FAILED',
    message: /broken\.example: docker-credential-test says: the vault is locked/,
  });
  await check({ auths: { 'https://reg.example/v1/': { username: 'ann', password: 'x' } } }, 'reg.example', { username: 'ann', password: 'x' });
  await check({ auths: { 'reg.example': { registrytoken: 'bearer' } } }, 'reg.example', { registryToken: 'bearer' });
  const ann = { username: 'ann', password: 's3:cret' };
  assert.deepEqual(await all({ auths, credHelpers: { 'helped.example': 'test' } }), [
    { 'reg.example:5000': ann, 'docker.io': ann, 'id.example': { identityToken: 'fresh' }, 'helped.example': { username: 'bob', password: 'x' } },
    [],
  ]);
  assert.deepEqual(await all({ credsStore: 'test' }), [
    { 'token.example': { identityToken: 'fresh' } },
    ['Cannot get the login at broken.example: docker-credential-test says: the vault is locked'],
  ]);
  await writeFile(join(config, 'config.json'), JSON.stringify({ credsStore: 'absent' }));
  await assert.rejects(loginOf('a.example', environment), { code: 'COMMAND_FAILED', message: /Cannot ask docker-credential-absent/ });
});
