import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { DEFAULT_BOUNDS } from '../bounds.ts';
import { plainContent } from './compression.ts';

const content = randomBytes(300_000);
const zeros = Buffer.alloc(3_000_000);
const gzip = gzipSync(content);
const zstd = zstdCompressSync(content, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

/** A frame to be skipped (RFC 8878, 3.1.2). */
const skipped = Buffer.alloc(108);
skipped.writeUInt32LE(0x184d2a50, 0);
skipped.writeUInt32LE(100, 4);

function damaged(whole: Buffer): Buffer {
  const copy = Buffer.from(whole);
  copy[copy.length - 2] = (copy[copy.length - 2] ?? 0) ^ 1;
  return copy;
}

/** In pieces of any size it comes to the same. */
async function unpacked(packed: Buffer, step: number): Promise<Buffer> {
  async function* pieces() {
    for (let at = 0; at < packed.length; at += step) yield packed.subarray(at, at + step);
  }
  const plain: Uint8Array[] = [];
  for await (const piece of await plainContent(pieces(), { bounds: DEFAULT_BOUNDS, folder: tmpdir() })) plain.push(piece);
  return Buffer.concat(plain);
}
const STEPS = [997, 65_536, Number.MAX_SAFE_INTEGER];

test('every member of gzip and every frame of zstd is read, frames to be skipped are skipped', async () => {
  const check = async (packed: Buffer, plain: Buffer) => {
    for (const step of STEPS) assert.ok((await unpacked(packed, step)).equals(plain));
  };
  const nothing = Buffer.alloc(0);
  await check(gzip, content);
  await check(Buffer.concat([gzip, gzip]), Buffer.concat([content, content]));
  await check(zstd, content);
  await check(zstdCompressSync(nothing), nothing);
  await check(zstdCompressSync(zeros), zeros);
  await check(
    Buffer.concat([skipped, zstd, skipped, zstdCompressSync(zeros), zstdCompressSync(nothing), zstd, skipped]),
    Buffer.concat([content, zeros, content]),
  );
});

test('what is damaged, cut off or followed by something else is refused in words', async () => {
  const check = async (packed: Buffer, message: RegExp) => {
    for (const step of STEPS) await assert.rejects(unpacked(packed, step), { code: 'TAR_INVALID', message });
  };
  await check(gzip.subarray(0, -100), /its compression is damaged \(gzip: unexpected end of file\)/);
  await check(gzip.subarray(0, -3), /gzip: unexpected end of file/);
  await check(damaged(gzip), /gzip: incorrect (?:data|length) check/);
  await check(Buffer.concat([gzip, Buffer.from('and so on')]), /gzip: incorrect header check/);
  await check(zstd.subarray(0, -100), /its compression is damaged \(zstd: it ends too soon\)/);
  await check(zstd.subarray(0, -1), /zstd: it ends too soon/);
  await check(Buffer.concat([zstd, zstd.subarray(0, -1)]), /zstd: it ends too soon/);
  await check(Buffer.concat([zstd, skipped.subarray(0, -1)]), /zstd: it ends too soon/);
  await check(damaged(zstd), /zstd: Restored data doesn't match checksum/);
  await check(Buffer.concat([zstd, Buffer.from('and so on')]), /zstd: something follows its end that is no zstd/);
  await check(Buffer.concat([zstd, Buffer.from('a')]), /zstd: something follows its end that is no zstd/);
});
