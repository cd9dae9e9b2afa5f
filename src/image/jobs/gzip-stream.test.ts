import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { gzipPieces } from './gzip-stream.ts';

/** Bytes that do not compress, the same ones every time. */
const noise = (size: number) => {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, index) => createHash('sha256').update(String(index)).digest());
  return Buffer.concat(blocks).subarray(0, size);
};
const words = Buffer.alloc(200_000, 'text that repeats ');

test('what can be compressed is, and the rest is stored; the same pieces give the same bytes', async () => {
  const pieces = [Buffer.alloc(512), noise(256 * 1024), words, noise(700_000), noise(100), words, Buffer.alloc(512)];
  const packed = await buffer(gzipPieces(pieces));
  assert.ok(gunzipSync(packed).equals(Buffer.concat(pieces)));
  const hard = 256 * 1024 + 700_000;
  assert.ok(packed.length > hard && packed.length < hard + 20_000, `${packed.length}`);
  assert.ok((await buffer(gzipPieces(pieces))).equals(packed));
});

test('no piece at all is an empty stream', async () => {
  assert.equal(gunzipSync(await buffer(gzipPieces([]))).length, 0);
});

test('an error of the pieces is the error of the stream', async () => {
  const broken = (function* () {
    yield Buffer.from('begin');
    throw new Error('cannot read it');
  })();
  await assert.rejects(buffer(gzipPieces(broken)), /cannot read it/);
});
