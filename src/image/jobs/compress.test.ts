import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { DEFAULT_BOUNDS } from '../bounds.ts';
import { perform } from './perform.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-test-compress-'));
after(() => rm(folder, { recursive: true }));
const [source, target] = [join(folder, 'source'), join(folder, 'target')];
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function compress(content: Uint8Array) {
  await writeFile(source, content);
  return await perform({ kind: 'compress', source, target }, DEFAULT_BOUNDS);
}

test('what can hardly be compressed stays as it is', async () => {
  assert.deepEqual(await compress(randomBytes(2_000_000)), { file: 'source', compression: 'none' });
});

test('what can be is compressed, and measured', async () => {
  const content = Buffer.alloc(2_000_000, 'text that repeats ');
  const answer = await compress(content);
  const packed = await readFile(target);
  assert.deepEqual(answer, { file: 'target', compression: 'gzip', digest: sha256(packed), size: packed.length });
  assert.ok(gunzipSync(packed).equals(content));
});

test('what is compressed stays as it is, and its content is measured', async () => {
  const content = randomBytes(1000);
  assert.deepEqual(await compress(gzipSync(content)), { file: 'source', compression: 'gzip', diffId: sha256(content) });
});
