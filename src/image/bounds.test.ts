import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { bounded, DEFAULT_BOUNDS, type UnpackBounds } from './bounds.ts';
import { plainContent } from './tar/compression.ts';

const MIB = 2 ** 20;
const zeros = Buffer.alloc(8 * MIB);

async function unpacked(packed: Buffer, bounds: Partial<UnpackBounds>): Promise<number> {
  let bytes = 0;
  const limits = { bounds: { ...DEFAULT_BOUNDS, ...bounds }, folder: tmpdir() };
  for await (const piece of await plainContent([packed][Symbol.iterator]() as object as AsyncIterator<unknown>, limits)) bytes += piece.length; // awaiting what is there already is no different
  return bytes;
}

test('what is compressed too well to be believed is refused, a smaller file of zeros is not', async () => {
  const few = { ratio_max: 100, unsuspected_bytes: MIB };
  for (const packed of [gzipSync(zeros), zstdCompressSync(zeros)]) {
    assert.equal(await unpacked(packed, {}), zeros.length);
    assert.equal(await unpacked(packed, { ...few, unsuspected_bytes: zeros.length }), zeros.length);
    await assert.rejects(unpacked(packed, few), { code: 'UNPACK_TOO_LARGE', status: 413, message: /more than 100 times as many.*--unpack-ratio-max/ });
    assert.equal(await unpacked(packed, { ...few, ratio_max: 1_000_000 }), zeros.length);
  }
  const stored = gzipSync(zeros, { level: 0 });
  assert.equal(await unpacked(stored, few), zeros.length);
});

test('nothing unpacks to more than is allowed, compressed or not', async () => {
  for (const packed of [gzipSync(zeros), zstdCompressSync(zeros), zeros]) {
    await assert.rejects(unpacked(packed, { bytes_max: MIB }), { code: 'UNPACK_TOO_LARGE', message: /more than 1048576 bytes.*--unpack-max/ });
    assert.equal(await unpacked(packed, { bytes_max: zeros.length }), zeros.length);
  }
});

test('the source is let go of when its bound is met', async () => {
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(MIB);
    } finally {
      isClosed = true;
    }
  }
  const read = async () => {
    for await (const piece of bounded(endless(), { bounds: { ...DEFAULT_BOUNDS, bytes_max: 4 * MIB }, folder: tmpdir() })) void piece;
  };
  await assert.rejects(read(), { code: 'UNPACK_TOO_LARGE' });
  assert.ok(isClosed);
});
