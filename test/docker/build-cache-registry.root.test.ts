import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
const DOCKERFILE =
  'FROM busybox AS one\nRUN cat /proc/sys/kernel/random/uuid > /one\nFROM busybox\nCOPY --from=one /one /\nRUN cat /proc/sys/kernel/random/uuid > /two\n';
const gantry = (...words: readonly string[]) =>
  docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'build', '--docker-socket', docker.daemon.dockerSocket, ...words, '-'], { input: DOCKERFILE });
const forget = async () => {
  await docker.run('rmi -f built');
  await docker.run('builder prune -af');
};
const both = () => docker.run('run --rm built cat /one /two');

test('a cache that was pushed with mode=max answers for every stage, also to docker build', async () => {
  const name = 'localhost:5000/cache:max';
  assert.match(await output(gantry('-t', 'built', '--cache-to', `type=registry,ref=${name},mode=max`)), /Exported the cache to /);
  const made = await both();
  await forget();
  await output(gantry('-t', 'built', '--cache-from', `type=registry,ref=${name}`));
  assert.equal(await both(), made);
  await forget();
  await docker.feed(DOCKERFILE, 'build', '-t', 'built', '--cache-from', name, '-');
  assert.equal(await both(), made);
  await forget();
  await output(gantry('-t', 'built'));
  assert.notEqual(await both(), made);
  const manifest = JSON.parse(
    await docker.inside(['curl', '-sS', '-H', 'Accept: application/vnd.oci.image.manifest.v1+json', 'http://127.0.0.1:5000/v2/cache/manifests/max']),
  ) as Record<string, unknown>; // an OCI manifest
  assert.equal(manifest['artifactType'], 'application/vnd.gantry.build-cache.v1');
});

test('on another machine, with only what the registry has, nothing runs again', async () => {
  const dockerfile = DOCKERFILE.replaceAll('FROM busybox', 'FROM localhost:5000/base');
  await docker.run('tag busybox localhost:5000/base');
  await docker.run('push localhost:5000/base');
  const cache = 'type=registry,ref=localhost:5000/cache:far';
  const build = (socket: string, ...words: readonly string[]) =>
    output(
      docker.daemon.inside([process.execPath, '--no-warnings', MAIN, 'build', '--docker-socket', socket, '-t', 'far', ...words, '-'], { input: dockerfile }),
    );
  await build(docker.daemon.dockerSocket, '--cache-to', `${cache},mode=max`);
  const made = await docker.run('run --rm far cat /one /two');
  const directories = ['--data-dir', join(docker.daemon.folder, 'far-data'), '--run-dir', join(docker.daemon.folder, 'far-run')];
  const socket = join(docker.daemon.folder, 'far-run', 'docker.sock');
  const gantryFar = (...words: readonly string[]) => output(docker.daemon.inside([process.execPath, '--no-warnings', MAIN, ...words, ...directories]));
  await gantryFar('up', '--detach', '--parts', 'engine');
  try {
    const said = await build(socket, '--cache-from', cache);
    assert.equal(said.match(/ ---> Using cache/g)?.length, 3);
    assert.equal(
      await output(docker.daemon.inside(['docker', '-H', `unix://${socket}`, 'run', '--rm', '--network', 'none', 'far', 'cat', '/one', '/two'])),
      made,
    );
  } finally {
    await gantryFar('down');
  }
});

test('kinds of caches that there are not are refused by their name', async () => {
  const local = await gantry('--cache-to', 'type=local,dest=/x');
  assert.notEqual(local.status, 0);
  assert.match(local.stderr, /a cache of type local/);
  assert.match((await gantry('--cache-to', 'type=registry,ref=localhost:5000/x,mode=all')).stderr, /mode is min or max/);
});
