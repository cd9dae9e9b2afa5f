import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { Conversation } from '../support/conversation.ts';
import { startDocker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { nodeTar } from '../support/node-image.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const CASES = new URL('./testcontainers-cases.ts', import.meta.url).pathname;
const REAPER = new URL('../support/reaper.ts', import.meta.url).pathname;
const command = (name: string, environment: Readonly<Record<string, string>>) => [
  'env',
  ...Object.entries(environment).map(([key, value]) => `${key}=${value}`),
  process.execPath,
  '--no-warnings',
  CASES,
  name,
];

afterEach(async () => {
  for (const id of (await docker.run('ps -aq')).split('\n').filter(Boolean)) await docker.run('rm -f', id);
});

for (const [name, what] of [
  ['ports', 'waits for listening ports and reaches them'],
  ['log', 'waits for a message in the log'],
  ['health', 'waits for the health check'],
  ['http', 'waits for an answer over HTTP on a fixed port'],
  ['exec', 'runs commands with environment, folder and user'],
  ['copy', 'copies files in and out, before and after the start'],
  ['network', 'reaches containers by their aliases'],
  ['stop', 'restarts, stops and removes'],
  ['build', 'builds an image from a Dockerfile'],
  ['reuse', 'finds a container again that is to be reused'],
] as const)
  test(`testcontainers ${what}`, async () => {
    const context = join(docker.daemon.folder, 'context');
    await mkdir(context, { recursive: true });
    await writeFile(join(context, 'Dockerfile'), 'FROM busybox\nARG WHO\nENV WHO=$WHO\nCMD ["sh", "-c", "echo hello $WHO"]\n');
    const said = await docker.inside(command(name, { TESTCONTAINERS_RYUK_DISABLED: 'true', TESTCONTAINERS_REUSE_ENABLE: 'true', BUILD_CONTEXT: context }));
    assert.ok(said.endsWith(`passed ${name}\n`), said);
    assert.equal(await docker.run('ps -aq'), '', 'a container is left');
  });

test('what a killed test leaves is reaped, by a container that has the socket of the engine', async () => {
  await docker.feed(nodeTar(REAPER), 'import --change', 'CMD ["/bin/node","/program.ts"]', '-', 'reaper:1');
  // Nothing stands there in these namespaces: this engine's own socket is meant.
  assert.equal((await docker.daemon.inside(['test', '-e', '/var/run/docker.sock'])).status, 1);
  const reaped = {
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: '/var/run/docker.sock',
    RYUK_CONTAINER_IMAGE: 'reaper:1',
    RYUK_RECONNECTION_TIMEOUT: '500ms',
    TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: '500ms',
  };
  const networks = await docker.run('network ls -q');
  {
    await using killed = new Conversation(docker.daemon.spawn(command('abandon', reaped)));
    await killed.hears(/abandoned/);
    assert.deepEqual((await docker.run('ps --format {{.Image}}')).trim().split('\n').sort(), ['busybox:latest', 'reaper:1']);
    assert.notEqual(await docker.run('network ls -q'), networks);
  }
  await eventually('everything to be gone, the reaper too', async () => (await docker.run('ps -aq')) === '');
  assert.equal(await docker.run('network ls -q'), networks);
});
