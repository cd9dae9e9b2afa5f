import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { testTerminal } from '../terminal.testing.ts';
import { fakeDocker, json } from './fake-server.testing.ts';
import { ps } from './ps.ts';

/** A daemon that only tells its status, as on its control socket. */
async function fakeDaemon(status: object): Promise<{ readonly options: readonly string[] } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-cli-'));
  const server = createServer((_request, response) => response.end(JSON.stringify(status)));
  await new Promise<void>((resolve) => server.listen(join(folder, 'gantry.sock'), resolve));
  return {
    options: ['--data-dir', folder, '--run-dir', folder],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
}

test('the socket: as said, else of the daemon that is named, else of DOCKER_HOST', async () => {
  await using docker = await fakeDocker();
  docker.on('GET /containers/json', json([]));
  await using daemon = await fakeDaemon({ dockerSocket: docker.socketPath });
  const elsewhere = { DOCKER_HOST: 'unix:///nowhere/docker.sock' };
  const reaches = async (words: readonly string[], environment: NodeJS.ProcessEnv) => {
    const before = docker.seen.length;
    assert.equal(await ps.run(['-q', ...words], testTerminal({ environment })), 0);
    assert.equal(docker.seen.length, before + 1);
  };
  await reaches(['--docker-socket', docker.socketPath], elsewhere);
  await reaches(daemon.options, elsewhere);
  await reaches([], { DOCKER_HOST: `unix://${docker.socketPath}` });
  await assert.rejects(ps.run([], testTerminal({ environment: elsewhere })), /No daemon answers at \/nowhere\/docker\.sock\. Start one with/);
});

test('without a socket it is told what to do', async () => {
  await using daemon = await fakeDaemon({ dataDir: '/data' });
  await assert.rejects(ps.run([...daemon.options], testTerminal()), /The daemon in \/data serves no Docker API/);
  const nowhere = ['--data-dir', '/nowhere/data', '--run-dir', '/nowhere/run'];
  await assert.rejects(ps.run(nowhere, testTerminal()), /Start one with "gantry up --detach", or name its Docker socket/);
});
