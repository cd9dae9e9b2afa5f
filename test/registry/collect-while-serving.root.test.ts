import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLogger, systemRandom } from '#kit';
import { createRegistry, type RegistrySettings } from '#registry';
import { DOUBLE_CREDENTIALS, startS3Double } from '../../src/registry/storage/s3-double.testing.ts';
import { STANDS } from '../../src/registry/storage/stands.testing.ts';
import { pullWhole } from '../support/registry-pushes.ts';
import { seeded } from '../support/seeded.ts';
import { runTraffic } from './traffic.ts';

const HOUR_MS = 3_600_000;
const seed = Number(process.env.GANTRY_TEST_SEED ?? Math.floor(systemRandom.fraction() * 2 ** 31));

for (const kind of ['disk', 's3'])
  test(`${kind}: pushes, deletions, pulls and collections at once, hours passing between (GANTRY_TEST_SEED=${seed})`, async () => {
    await using stand = await (STANDS.disk ?? assert.fail())();
    await using double = await startS3Double();
    const { images, clock, folder } = stand;
    for (const [name, text] of Object.entries(DOUBLE_CREDENTIALS)) await writeFile(join(folder, name), `${text}\n`);
    const s3 = { ...double, bucket: 'box', pathStyle: true, accessKeyFile: join(folder, 'accessKey'), secretKeyFile: join(folder, 'secretKey') };
    const settings: RegistrySettings = kind === 's3' ? { storage: { s3 } } : {};
    const registry = createRegistry({ images, dataDir: join(folder, 'registry'), logger: silentLogger, settings, clock, random: systemRandom });
    await registry.start();
    const server = createServer(registry.handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    assert.ok(typeof bound === 'object' && bound !== null);
    const base = `http://127.0.0.1:${bound.port}`;
    try {
      const random = seeded(seed);
      let jumps = 15;
      const seen = await runTraffic({
        base,
        random,
        pushers: 4,
        pushesEach: 25,
        async collect() {
          // Every grace there is ends in the middle of pushes: then they are told to push again, and nothing acknowledged may suffer.
          // Only so often, or a collector faster than the pushers would let none of them end.
          if (jumps > 0 && random() < 0.3) {
            jumps -= 1;
            clock.ahead_ms += 2 * HOUR_MS;
          }
          await registry.collect({ dryRun: false });
        },
        mayFail: (error) => /BLOB_UNKNOWN|BLOB_UPLOAD_UNKNOWN/.test(String(error)),
      });
      const { acknowledged, ...counts } = seen;
      console.log(JSON.stringify({ kind, ...counts, left: acknowledged.length }));
      assert.ok(counts.deleted > 10 && counts.pulled > 10 && counts.collections > 10, JSON.stringify(counts));
      for (const one of acknowledged) await pullWhole(base, one);
      clock.ahead_ms += 3 * HOUR_MS;
      await registry.collect({ dryRun: false });
      for (const one of acknowledged) await pullWhole(base, one);
      const wanted = new Set(acknowledged.flatMap(({ manifest, layers }) => [manifest, ...layers]));
      const stored = kind === 's3' ? double.objects.size : (await readdir(join(folder, 'data/blobs/sha256'))).length;
      assert.equal(stored, wanted.size, 'what nothing needs is gone');
    } finally {
      server.closeAllConnections();
      server.close();
      await registry.stop();
    }
  });
