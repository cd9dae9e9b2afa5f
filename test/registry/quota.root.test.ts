import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { createRegistry } from '#registry';
import { STANDS } from '../../src/registry/storage/stands.testing.ts';
import { sha256Of } from '../support/registry-pushes.ts';

const KIB = 1024;

test('a quota counts uploads under way, and says so with DENIED', async () => {
  await using stand = await (STANDS.disk ?? assert.fail())();
  const settings = { quota: { default_bytes: 100 * KIB, repositories: [{ pattern: 'free/**', bytes: 10_000 * KIB }] } };
  const registry = createRegistry({
    images: stand.images,
    dataDir: join(stand.folder, 'registry'),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    settings,
  });
  await registry.start();
  const server = createServer(registry.handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  const base = `http://127.0.0.1:${bound.port}`;
  const send = async (path: string, method: string, bytes: number) => {
    const body = Buffer.alloc(bytes, path);
    const answer = await fetch(new URL(path.replace('DIGEST', sha256Of(body)), base), { method, ...(bytes === 0 ? {} : { body }) });
    return { status: answer.status, text: await answer.text(), place: answer.headers.get('location') ?? '' };
  };
  const whole = (name: string, bytes: number) => send(`/v2/${name}/blobs/uploads/?digest=DIGEST`, 'POST', bytes);
  try {
    assert.equal((await whole('a', 60 * KIB)).status, 201);
    assert.equal((await whole('free/a/b', 600 * KIB)).status, 201);
    const over = await whole('a', 41 * KIB);
    assert.equal(over.status, 403);
    assert.match(over.text, /"code":"DENIED","message":"repository a would have \d+ bytes, more than its quota of 102400/);
    const { place } = await send('/v2/a/blobs/uploads/', 'POST', 0);
    assert.equal((await send(place, 'PATCH', 30 * KIB)).status, 202);
    assert.equal((await whole('a', 20 * KIB)).status, 403, 'the upload under way counts');
    assert.equal((await send(place, 'PATCH', 30 * KIB)).status, 403);
    assert.equal((await send(place, 'DELETE', 0)).status, 204);
    assert.equal((await whole('a', 20 * KIB)).status, 201, 'what was cancelled does not');
  } finally {
    server.closeAllConnections();
    server.close();
    await registry.stop();
  }
});
