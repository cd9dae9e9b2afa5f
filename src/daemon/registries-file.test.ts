import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { endpointsOf, loadRegistries, parseReference } from '#image';
import { registriesFile, writeRegistriesFile } from './registries-file.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-registries-'));
after(() => rm(folder, { recursive: true, force: true }));

test('myregistry/… is the built-in registry, and follows its address', async () => {
  for (const port of [5000, 5001]) {
    await writeRegistriesFile(folder, { host: '127.0.0.1', port });
    const [endpoint] = endpointsOf(await loadRegistries(registriesFile(folder)), parseReference('myregistry/myimage:1.0'), 'pull');
    assert.deepEqual(endpoint, { host: `127.0.0.1:${port}`, repository: 'myregistry/myimage', insecure: true });
  }
});

test('a file that somebody made theirs stays as it is', async () => {
  const mine = '[[registry]]\nprefix = "docker.io/mine"\nlocation = "example.com/mine"\n';
  await writeFile(registriesFile(folder), mine);
  await writeRegistriesFile(folder, { host: '127.0.0.1', port: 5002 });
  assert.equal(await readFile(registriesFile(folder), 'utf8'), mine);
});
