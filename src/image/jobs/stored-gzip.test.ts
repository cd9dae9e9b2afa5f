import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { StoredGzip } from './stored-gzip.ts';

test('what is stored is a gzip stream of the very same bytes', async () => {
  const check = async (...sizes: readonly number[]) => {
    const pieces = sizes.map((size) => randomBytes(size));
    const stored = await buffer(Readable.from(pieces).pipe(new StoredGzip()));
    assert.ok(gunzipSync(stored).equals(Buffer.concat(pieces)), String(sizes));
  };
  await check();
  await check(1);
  await check(0x7fff, 0x8000, 0x8001);
  await check(256 * 1024, 256 * 1024, 3);
});
