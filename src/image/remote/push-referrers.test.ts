import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { digestOf } from '../digest.ts';
import type { Referrer } from '../types.ts';
import { pushReferrers } from './push-referrers.ts';

const subject = digestOf(Buffer.from('image'));
const bytes = Buffer.from('{"a":1}');
const referrer: Referrer = {
  subject,
  descriptor: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: digestOf(bytes), size: bytes.length, artifactType: 'application/spdx+json' },
  blobs: [],
};

/** Manifests by reference, as a registry keeps them that may know of subjects. */
async function pushTo(kept: Map<string, Buffer>, knowsSubjects: boolean): Promise<void> {
  const answer = (statusCode: number, body: Buffer = Buffer.alloc(0), headers = {}) =>
    Object.assign(Readable.from([body]), { statusCode, headers }) as unknown as IncomingMessage; // no more of an answer is read
  const session: Parameters<typeof pushReferrers>[0]['session'] = {
    url: (path) => new URL(`http://registry/v2/app/${path}`),
    failure: () => Promise.reject(new Error('no failure was expected')),
    send({ method, url, body }) {
      const name = url.pathname.split('/').at(-1) ?? '';
      const found = kept.get(name);
      if (method === 'GET') return Promise.resolve(found ? answer(200, found) : answer(404));
      assert.ok(Buffer.isBuffer(body));
      kept.set(name, body);
      return Promise.resolve(answer(201, undefined, knowsSubjects ? { 'oci-subject': subject } : {}));
    },
  };
  await pushReferrers({ session, content: { readAll: () => Promise.resolve(bytes) }, pushBlob: () => Promise.resolve() }, [referrer]);
}

test('a registry that knows subjects gets no tag', async () => {
  const kept = new Map<string, Buffer>();
  await pushTo(kept, true);
  assert.deepEqual([...kept.keys()], [referrer.descriptor.digest]);
});

test('another one gets the referrers tag, what is in it stays, and nothing is in it twice', async () => {
  const tag = subject.replace(':', '-');
  const other = { mediaType: 'x', digest: digestOf(Buffer.from('other')), size: 1 };
  const kept = new Map<string, Buffer>([[tag, Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [other] }))]]);
  await pushTo(kept, false);
  await pushTo(kept, false);
  const index: unknown = JSON.parse(kept.get(tag)?.toString('utf8') ?? '');
  assert.deepEqual(index, { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [other, referrer.descriptor] });
});
