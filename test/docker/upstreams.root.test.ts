import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { Docker } from '../support/docker.ts';
import { startDockerRegistry } from '../support/docker-registry.ts';

const CONFIG = `
upstreams:
- prefix: hub/
  remote: http://127.0.0.1:5001
- prefix: /
  remote: http://127.0.0.1:5001
cacheMax: 1G
`;
const skip = process.getuid?.() !== 0 ? 'needs root' : existsSync('/usr/bin/docker-registry') ? false : 'docker-registry is not installed';

test('the real docker pulls by name and through registry-mirrors, with the upstream and without it', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-upstreams-'));
  try {
    const config = join(folder, 'registry.yaml');
    await writeFile(config, CONFIG);
    const json = join(folder, 'daemon.json');
    await writeFile(json, JSON.stringify({ 'registry-mirrors': ['http://127.0.0.1:5000'] }));
    const options = ['--parts', 'engine,registry', '--registry', '127.0.0.1:5000', '--registry-config', config, '--daemon-json', json];
    await using docker = new Docker(await startTestDaemon(options));
    await using upstream = await startDockerRegistry(join(folder, 'upstream'), 5_001, (command) => docker.daemon.spawn(command));
    const there = `${upstream.host}/library/app:1`;
    await docker.feed(busyboxTar(), 'import -', there);
    await docker.run('push', there);
    await docker.run('rmi', there);

    const name = '127.0.0.1:5000/hub/library/app:1';
    assert.match(await docker.run('pull', name), /Status: Downloaded newer image/);
    assert.equal((await docker.run(`run --rm ${name} echo runs`)).trim(), 'runs');
    assert.match(await docker.refused('push', name), /hub\/library\/app is a copy of what 127\.0\.0\.1:5001 has, for pulling only/);
    await docker.run('rmi', name);
    assert.match(await docker.run('pull app:1'), /Status: Downloaded newer image for app:1/);
    await docker.run('rmi app:1');

    await upstream[Symbol.asyncDispose]();
    await docker.daemon.crash();
    await docker.daemon.restart();
    assert.match(await docker.run('pull', name), /Status: Downloaded newer image/);
    await docker.run('rmi', name);
    assert.match(await docker.run('pull app:1'), /Status: Downloaded newer image for app:1/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
