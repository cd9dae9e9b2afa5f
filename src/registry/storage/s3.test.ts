import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { silentLogger as logger, systemClock as clock, systemRandom as random } from '#kit';
import { digestOf, NO_REGISTRIES as registries, openImageStore } from '#image';
import { DOUBLE_CREDENTIALS, type S3Double, startS3Double } from './s3-double.testing.ts';
import { S3Client } from './s3-client.ts';
import { S3Storage } from './s3.ts';

const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };

async function withStorage(
  use: (parts: { double: S3Double; folder: string; make: (secretKey?: string) => Promise<S3Storage> }) => Promise<void>,
): Promise<void> {
  await using double = await startS3Double();
  const folder = await mkdtemp(join(tmpdir(), 'gantry-s3-'));
  const store = await openImageStore({ dataDir: join(folder, 'data'), linux: { mounts: NO_MOUNTS }, clock, random, logger, registries });
  const make = async (secretKey = DOUBLE_CREDENTIALS.secretKey) => {
    const client = new S3Client({ ...double, bucket: 'box', pathStyle: true }, { ...DOUBLE_CREDENTIALS, secretKey }, clock);
    const storage = new S3Storage({ client, prefix: '', folder: join(folder, 'uploads'), images: store.images, clock, random });
    await storage.open([]);
    return storage;
  };
  try {
    await use({ double, folder, make });
  } finally {
    await store.stop();
    await rm(folder, { recursive: true });
  }
}

const LARGE = Buffer.alloc(40 * 2 ** 20, 'large');

test('a large blob goes in parts', async () => {
  await withStorage(async ({ double, folder, make }) => {
    const storage = await make();
    await storage.write(Readable.from([LARGE]), { digest: digestOf(LARGE) });
    assert.ok((await storage.readAll(digestOf(LARGE))).equals(LARGE));
    assert.equal(double.halfDone.size, 0);
    for (const name of ['uploads', 'uploads-incoming']) assert.deepEqual(await readdir(join(folder, name)), [], 'nothing stays on the local disk');
  });
});

test('parts that fail leave no object and no multipart upload', async () => {
  await withStorage(async ({ double, make }) => {
    const storage = await make();
    const writing = storage.write(Readable.from([LARGE]), { digest: digestOf(LARGE) });
    const refused = assert.rejects(writing, { code: 'STORAGE_FAILED', message: /answers 400 SlowDown/ });
    double.failures.push(400);
    await refused;
    assert.deepEqual([double.objects.size, double.halfDone.size], [0, 0]);
  });
});

test('what a killed process left half done is ended at the next start', async () => {
  await withStorage(async ({ double, make }) => {
    await make();
    const client = new S3Client({ ...double, bucket: 'box', pathStyle: true }, DOUBLE_CREDENTIALS, clock);
    // More than one page of them.
    for (let number = 0; number < 8; number += 1) await client.text({ method: 'POST', key: `blobs/sha256/${number % 2}`, query: { uploads: '' } });
    assert.equal(double.halfDone.size, 8);
    await make();
    assert.equal(double.halfDone.size, 0);
  });
});

test('a server without a list of multipart uploads is no obstacle, one that fails to list them is', async () => {
  await withStorage(async ({ double, make }) => {
    double.failures.push(501);
    await make();
    double.failures.push(405);
    await assert.rejects(make(), { code: 'STORAGE_FAILED', message: /answers 405/ });
  });
});

test('what fails for the moment is tried again; what is refused is not', async () => {
  await withStorage(async ({ double, make }) => {
    const storage = await make();
    double.failures.push(503, 500);
    await storage.write(Buffer.from('x'), { digest: digestOf('x') });
    assert.equal((await storage.readAll(digestOf('x'))).toString(), 'x');
    await assert.rejects(make('wrong'), { code: 'STORAGE_FAILED', status: 503, message: /answers 403 SignatureDoesNotMatch/ });
  });
});

test('the double takes the signatures of another client, and only right ones', async () => {
  await withStorage(async ({ double }) => {
    double.objects.set('a/b', Buffer.from('content'));
    const ask = async (secret: string) => {
      const hash = digestOf('').slice('sha256:'.length);
      const words = ['-sS', '--aws-sigv4', `aws:amz:${double.region}:s3`, '-u', `double:${secret}`, '-H', `x-amz-content-sha256: ${hash}`];
      return (await promisify(execFile)('curl', [...words, `${double.endpoint}/box/a/b`])).stdout;
    };
    assert.equal(await ask(DOUBLE_CREDENTIALS.secretKey), 'content');
    assert.match(await ask('wrong'), /SignatureDoesNotMatch/);
  });
});
