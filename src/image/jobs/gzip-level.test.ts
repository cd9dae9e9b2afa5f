import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { GZIP_LEVEL, gzipLevelFor } from './gzip-level.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-test-level-'));
after(() => rm(folder, { recursive: true }));

test('what can hardly be compressed is stored, the rest is compressed', async () => {
  const check = async (content: Uint8Array, expected: number) => {
    await writeFile(join(folder, 'file'), content);
    assert.equal(await gzipLevelFor(join(folder, 'file')), expected);
  };
  const random = randomBytes(2_000_000);
  await check(random, 0);
  await check(Buffer.alloc(2_000_000, 'text that repeats '), GZIP_LEVEL);
  await check(Buffer.concat([random, Buffer.alloc(2_000_000)]), GZIP_LEVEL);
  await check(random.subarray(0, 1000), GZIP_LEVEL);
  await check(Buffer.alloc(0), GZIP_LEVEL);
});
