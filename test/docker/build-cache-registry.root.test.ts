import assert from 'node:assert/strict';
import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
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

test('a cache in a folder answers when the daemon has forgotten; what it no longer needs goes, what is there is not fetched again', async () => {
  const place = join(docker.daemon.folder, 'local-cache');
  const fresh = join(docker.daemon.folder, 'fresh-cache');
  await output(gantry('-t', 'built', '--no-cache', '--cache-to', `type=local,dest=${place},mode=max`, '--cache-to', `type=local,dest=${fresh},mode=max`));
  const made = await both();
  const blobs = async () => (await readdir(join(place, 'blobs/sha256'))).sort();
  const json = async <T>(name: string) => JSON.parse(await readFile(join(place, name), 'utf8')) as T; // as OCI and this builder have it
  const blob = async <T>(digest: string) => json<T>(`blobs/${digest.replace(':', '/')}`);
  const kept = async () => {
    const { manifests } = await json<{ manifests: readonly [{ digest: string }] }>('index.json');
    const { config, layers } = await blob<{ config: { digest: string }; layers: readonly { digest: string }[] }>(manifests[0].digest);
    const { steps } = await blob<{ steps: readonly unknown[] }>(config.digest);
    const names = [manifests[0], config, ...layers].map(({ digest }) => digest.replace('sha256:', '')).sort();
    return { steps: steps.length, names, layers: layers.map(({ digest }) => digest) };
  };
  assert.match(await readFile(join(place, 'oci-layout'), 'utf8'), /"imageLayoutVersion":"1\.0\.0"/);
  const first = await kept();
  assert.equal(first.steps, 3);
  assert.deepEqual(await blobs(), first.names);
  assert.deepEqual(await blobs(), (await readdir(join(fresh, 'blobs/sha256'))).sort());
  await forget();
  const said = await output(gantry('-t', 'built', '--cache-from', `type=local,src=${place}`));
  assert.equal(said.match(/ ---> Using cache/g)?.length, 3);
  assert.equal(await both(), made);
  // mode=min has the last stage alone.
  const file = join(place, 'blobs', (first.layers[0] ?? '').replace(':', '/'));
  const { ino } = await stat(file);
  await output(gantry('-t', 'built', '--cache-to', `type=local,dest=${place}`));
  const second = await kept();
  assert.equal(second.steps, 2);
  assert.deepEqual(await blobs(), second.names);
  assert.notDeepEqual(second.names, first.names);
  assert.equal((await stat(file)).ino, ino);
});

test('a folder that is no cache, or a broken one, is passed over with words', async () => {
  const absent = join(docker.daemon.folder, 'absent');
  const first = await gantry('--cache-from', `type=local,src=${absent}`);
  assert.equal(first.status, 0);
  assert.match(first.stderr, /cache source .*absent is not used: there is no index\.json/);
  const place = join(docker.daemon.folder, 'broken-cache');
  await output(gantry('-t', 'built', '--no-cache', '--cache-to', `type=local,dest=${place},mode=max`));
  await forget();
  for (const name of await readdir(join(place, 'blobs/sha256'))) await appendFile(join(place, 'blobs/sha256', name), 'x');
  const second = await gantry('-t', 'built', '--cache-from', `type=local,src=${place}`);
  assert.equal(second.status, 0);
  assert.match(second.stderr, /broken-cache is not used: .* is not what its name says/);
});

test('kinds of caches that there are not are refused by their name', async () => {
  const other = await gantry('--cache-to', 'type=gha');
  assert.notEqual(other.status, 0);
  assert.match(other.stderr, /a cache of type gha/);
  assert.match((await gantry('--cache-to', 'type=local')).stderr, /write type=local,dest=FOLDER/);
  assert.match((await gantry('--cache-to', 'type=local,dest=/x,color=red')).stderr, /there is no field color; type=local has dest and mode/);
  assert.match((await gantry('--cache-to', 'type=registry,ref=localhost:5000/x,mode=all')).stderr, /mode is min or max/);
});
