import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { writeStream } from './write-stream.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-test-write-'));
after(() => rm(folder, { recursive: true }));

test('a stream of pieces of any size is in the file, behind what was there', async () => {
  await using file = await open(join(folder, 'a'), 'w+');
  const pieces = [0, 1, 700_000, 3, 65_536, 65_536, 2_000_000, 5].map((size) => randomBytes(size));
  await file.write('begin');
  const whole = Buffer.concat([Buffer.from('begin'), ...pieces]);
  assert.equal(await writeStream(file, Readable.from(pieces), 5), whole.length);
  assert.ok((await readFile(join(folder, 'a'))).equals(whole));
});

test('what came before a stream failed is in the file', async () => {
  await using file = await open(join(folder, 'b'), 'w+');
  const broken = (async function* () {
    yield Buffer.from('half');
    await Promise.reject(new Error('gone'));
  })();
  await assert.rejects(writeStream(file, broken, 0), /gone/);
  assert.equal(await readFile(join(folder, 'b'), 'utf8'), 'half');
});

test('a file that takes nothing is the error', async () => {
  await using file = await open(join(folder, 'b'), 'r');
  await assert.rejects(writeStream(file, Readable.from([Buffer.alloc(2_000_000), Buffer.alloc(2_000_000)]), 0), { code: 'EBADF' });
});
