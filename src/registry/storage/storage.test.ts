import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { type Digest, digestOf } from '#image';
import { type Stand, STANDS } from './stands.testing.ts';
import type { BlobStorage } from './types.ts';

const HOUR_MS = 3_600_000;
async function textOf(storage: BlobStorage, digest: Digest, range: { readonly start?: number; readonly end?: number } = {}): Promise<string> {
  const pieces: Buffer[] = [];
  const target = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(Buffer.from(piece));
      done();
    },
  });
  const end = ((await storage.stat(digest))?.size ?? 0) - 1;
  assert.equal(await storage.pour(digest, { start: 0, end, ...range }, target), true);
  assert.equal(target.writable, true);
  return Buffer.concat(pieces).toString();
}

/** What every storage does. */
const CONTRACT: Readonly<Record<string, (stand: Stand) => Promise<void>>> = {
  async 'what is written is there, whole and in ranges'({ storage }) {
    const digest = digestOf('hello world');
    assert.equal(await storage.stat(digest), undefined);
    await assert.rejects(storage.pour(digest, { start: 0, end: 1 }, new PassThrough()), { code: 'BLOB_UNKNOWN' });
    await assert.rejects(storage.readAll(digest), { code: 'BLOB_UNKNOWN' });
    assert.deepEqual(await storage.write(Buffer.from('hello world'), { digest }), { digest, size: 11 });
    assert.deepEqual(await storage.stat(digest), { size: 11 });
    assert.equal(await textOf(storage, digest), 'hello world');
    assert.equal(await textOf(storage, digest, { start: 6, end: 8 }), 'wor');
    assert.equal(await textOf(storage, digest, { start: 6 }), 'world');
    assert.equal((await storage.readAll(digest)).toString(), 'hello world');
  },
  async 'a large blob reaches each of many readers whole, and one who leaves is no failure'({ storage }) {
    const bytes = randomBytes(3_000_001);
    const digest = digestOf(bytes);
    await storage.write(bytes, { digest });
    const text = bytes.toString();
    const range = { start: 0, end: bytes.length - 1 };
    const left = new Writable({ write: () => left.destroy() });
    const [isWhole, ...texts] = await Promise.all([storage.pour(digest, range, left), ...Array.from({ length: 10 }, () => textOf(storage, digest))]);
    assert.equal(isWhole, false);
    for (const each of texts) assert.ok(each === text);
  },
  async 'so large a blob that it goes in parts is there, whole and in ranges'({ storage }) {
    const bytes = randomBytes(37 * 2 ** 20 + 1);
    const digest = digestOf(bytes);
    await storage.write(Readable.from([bytes.subarray(0, 5), bytes.subarray(5)]), { digest });
    assert.deepEqual(await storage.stat(digest), { size: bytes.length });
    assert.ok((await storage.readAll(digest)).equals(bytes));
    const across = { start: 16 * 2 ** 20 - 2, end: 32 * 2 ** 20 + 1 };
    assert.equal(await textOf(storage, digest, across), bytes.subarray(across.start, across.end + 1).toString());
  },
  async 'streams and SHA-512 too, and an empty blob'({ storage }) {
    const digest = digestOf('streamed', 'sha512');
    await storage.write(Readable.from([Buffer.from('stre'), Buffer.from('amed')]), { digest });
    assert.equal(await textOf(storage, digest), 'streamed');
    await storage.write(Readable.from([]), { digest: digestOf('') });
    assert.deepEqual(await storage.stat(digestOf('')), { size: 0 });
  },
  async 'what has another digest is not there afterwards'({ storage }) {
    const wrong = digestOf('other');
    await assert.rejects(storage.write(Buffer.from('x'), { digest: wrong }), { code: 'DIGEST_INVALID' });
    await assert.rejects(storage.write(Readable.from([Buffer.from('x')]), { digest: wrong }), { code: 'DIGEST_INVALID' });
    const upload = await storage.startUpload();
    await upload.append(Readable.from([Buffer.from('x')]));
    await assert.rejects(upload.commit(wrong), { code: 'DIGEST_INVALID' });
    for (const digest of [wrong, digestOf('x')]) assert.equal(await storage.stat(digest), undefined);
  },
  async 'an upload goes on after a restart; nothing of it is seen before its end'({ storage, restart }) {
    const digest = digestOf('hello world');
    const upload = await storage.startUpload();
    await upload.append(Readable.from([Buffer.from('hello')]));
    const later = await restart([]);
    const again = await later.openUpload(upload.id);
    assert.equal(again?.size, 5);
    await again.append(Readable.from([Buffer.from(' world')]));
    assert.equal(await later.stat(digest), undefined);
    await again.commit(digest);
    assert.equal(await textOf(later, digest), 'hello world');
    assert.equal(await later.openUpload(upload.id), undefined);
    assert.equal(await later.openUpload('0'.repeat(32)), undefined);
    const cancelled = await later.startUpload();
    await cancelled.cancel();
    assert.equal(await later.openUpload(cancelled.id), undefined);
  },
  async 'what is held stays until the last lets go; what is new stays an hour'({ storage, clock }) {
    const digest = digestOf('kept');
    await storage.write(Buffer.from('kept'), { digest });
    await storage.collect();
    assert.ok(await storage.stat(digest), 'it is new');
    assert.equal(await storage.hold('a', digest), 4);
    assert.equal(await storage.hold('b', digest), 4);
    clock.ahead_ms += 2 * HOUR_MS;
    await storage.release('a', digest);
    await storage.collect();
    assert.equal(await textOf(storage, digest), 'kept');
    await storage.release('b', digest);
    assert.equal(await storage.collect(), 4);
    assert.equal(await storage.stat(digest), undefined);
    assert.equal(await storage.hold('a', digest), undefined, 'what is not there cannot be held');
    await storage.write(Buffer.from('kept'), { digest });
    await storage.collect();
    assert.equal(await textOf(storage, digest), 'kept', 'pushed again, it is new again');
  },
  async 'after a restart the records say what is held'({ storage, restart }) {
    for (const text of ['recorded', 'forgotten']) {
      await storage.write(Buffer.from(text), { digest: digestOf(text) });
      await storage.hold('a', digestOf(text));
    }
    const later = await restart([{ repository: 'a', digest: digestOf('recorded'), size: 8 }]);
    assert.equal(await later.collect(), 'forgotten'.length);
    assert.equal(await textOf(later, digestOf('recorded')), 'recorded');
    assert.equal(await later.stat(digestOf('forgotten')), undefined);
  },
  async 'many blobs are all looked at'({ storage, clock }) {
    for (let number = 0; number < 10; number += 1) await storage.write(Buffer.from(`blob ${number}`), { digest: digestOf(`blob ${number}`) });
    await storage.hold('a', digestOf('blob 7'));
    clock.ahead_ms += 2 * HOUR_MS;
    assert.equal(await storage.collect(), 9 * 'blob 0'.length);
    assert.ok(await storage.stat(digestOf('blob 7')));
  },
  async 'a hold and a collection at once: the blob is held and whole, or not held'({ storage, clock }) {
    for (let turn = 0; turn < 50; turn += 1) {
      const digest = digestOf(`turn ${turn}`);
      await storage.write(Buffer.from(`turn ${turn}`), { digest });
      clock.ahead_ms += 2 * HOUR_MS;
      const [size] = await Promise.all(
        turn % 2 === 0 ? [storage.hold('a', digest), storage.collect()] : [storage.collect().then(() => undefined), storage.hold('a', digest)],
      );
      const held = size ?? (await storage.hold('a', digest));
      if (held !== undefined) assert.equal(await textOf(storage, digest), `turn ${turn}`);
      else assert.equal(await storage.stat(digest), undefined);
    }
  },
  async "a blob of this machine's images is brought"({ storage, images }) {
    const { digest } = await images.content.write(Buffer.from('local'));
    assert.equal(await storage.bringLocal(digest), true);
    assert.equal(await textOf(storage, digest), 'local');
    assert.equal(await storage.bringLocal(digestOf('nowhere')), false);
  },
};

for (const [kind, open] of Object.entries(STANDS))
  for (const [what, check] of Object.entries(CONTRACT))
    test(`${kind}: ${what}`, async () => {
      await using stand = await open();
      await check(stand);
    });
