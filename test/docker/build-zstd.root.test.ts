import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startDocker } from '../support/docker.ts';
import { output } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());

interface Manifest {
  readonly layers: readonly { readonly mediaType: string; readonly size: number }[];
}
const DOCKERFILE = 'FROM busybox\nRUN i=0; while [ $i -lt 40000 ]; do echo "line $i of many"; i=$((i+1)); done > /many\n';
const gantry = (input: string, ...words: readonly string[]) =>
  output(
    docker.daemon.inside(
      [
        process.execPath,
        '--no-warnings',
        new URL('../../src/cli/main.ts', import.meta.url).pathname,
        'build',
        '--docker-socket',
        docker.daemon.dockerSocket,
        ...words,
        '-',
      ],
      { input },
    ),
  );
/** What another program sees in the registry: the kinds of the layers, lowest first. */
async function layersOf(name: string): Promise<readonly string[]> {
  const { layers } = JSON.parse(await docker.inside(['skopeo', 'inspect', '--raw', '--tls-verify=false', `docker://${name}`])) as Manifest; // an OCI manifest
  return layers.map(({ mediaType }) => /(zstd|gzip)$/.exec(mediaType)?.[0] ?? mediaType);
}

test('layers are zstd where that is asked for, are pushed so, and others can read them', async () => {
  const name = 'localhost:5000/packed:1';
  await gantry(DOCKERFILE, '-t', name, '--output', 'type=registry,compression=zstd');
  assert.equal((await layersOf(name)).at(-1), 'zstd');
  const folder = join(docker.daemon.folder, 'copied');
  await docker.inside(['skopeo', 'copy', '--src-tls-verify=false', `docker://${name}`, `dir:${folder}`]);
  // What was pushed comes back and runs, nothing being here any more.
  const expected = await docker.run(`run --rm ${name} tail -n 1 /many`);
  await docker.run(`rmi -f ${name}`);
  await docker.run('builder prune -af');
  await docker.run(`pull ${name}`);
  assert.equal(await docker.run(`run --rm ${name} tail -n 1 /many`), expected);
  assert.equal(expected, 'line 39999 of many\n');
});

test('force-compression takes the layers of the base too; a later build without a word is gzip again', async () => {
  const name = 'localhost:5000/packed:2';
  await gantry(DOCKERFILE, '-t', name, '--output', 'type=image,push=true,compression=zstd,compression-level=12,force-compression=true');
  assert.ok((await layersOf(name)).every((kind) => kind === 'zstd'));
  await gantry(DOCKERFILE, '-t', name, '--output', 'type=registry');
  assert.equal((await layersOf(name)).at(-1), 'gzip');
});

test('a compression that there is not is refused by its name', async () => {
  const asked = await docker.daemon.inside(['curl', '-sS', '--unix-socket', docker.daemon.dockerSocket, '-X', 'POST', 'http://docker/build?compression=lz4']);
  assert.match(asked.stdout, /invalid compression \\"lz4\\": it is gzip or zstd/);
});
