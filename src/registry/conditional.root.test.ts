import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { digestOf, openImageStore, openRemotes, parseRegistries } from '#image';
import { createRegistry } from './index.ts';

const TYPE = 'application/vnd.oci.image.manifest.v1+json';
const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };
const digest: (text: string) => string = digestOf;

const folder = mkdtempSync(join(tmpdir(), 'gantry-test-registry-'));
const parts = { clock: systemClock, random: systemRandom, logger: silentLogger };
const store = await openImageStore({ dataDir: join(folder, 'data'), linux: { mounts: NO_MOUNTS }, ...parts, registries: parseRegistries('', 'test') });
const registry = createRegistry({ images: store.images, dataDir: join(folder, 'registry'), ...parts });
const { port } = await registry.listen({ host: '127.0.0.1', port: 0 });
const HOST = `127.0.0.1:${port}`;
const URL_OF = `http://${HOST}/v2/team/app`;
after(async () => {
  await registry.stop();
  await store.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET', body?: string) =>
  fetch(`${URL_OF}/${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
const told = async (answer: Response) => [answer.status, await answer.text()] as const;
const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digest('{}'), size: 2 };
const manifestOf = (more: object) => JSON.stringify({ schemaVersion: 2, mediaType: TYPE, config, layers: [], ...more });
const put = (reference: string, manifest: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(`manifests/${reference}`, { 'content-type': TYPE, ...headers }, 'PUT', manifest);

assert.equal((await ask(`blobs/uploads/?digest=${digest('{}')}`, {}, 'POST', '{}')).status, 201);
const CONTENT = '0123456789';
const BLOB = digest(CONTENT);
assert.equal((await ask(`blobs/uploads/?digest=${BLOB}`, {}, 'POST', CONTENT)).status, 201);

test('ranges of a blob as RFC 9110 has them', async () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, number, string])[] = [
    [{ range: 'bytes=2-4' }, 206, '234'],
    [{ range: 'bytes=7-' }, 206, '789'],
    [{ range: 'bytes=7-99' }, 206, '789'],
    [{ range: 'bytes=-3' }, 206, '789'],
    [{ range: 'bytes=-99' }, 206, CONTENT],
    // No range at all: the field is left aside.
    [{ range: 'bytes=4-2' }, 200, CONTENT],
    [{ range: 'bytes=0-1,3-4' }, 200, CONTENT],
    [{ range: 'lines=0-1' }, 200, CONTENT],
    [{ range: 'bytes=2-4', 'if-range': `"${BLOB}"` }, 206, '234'],
    [{ range: 'bytes=2-4', 'if-range': '"other"' }, 200, CONTENT],
  ];
  for (const [headers, status, body] of cases) assert.deepEqual(await told(await ask(`blobs/${BLOB}`, headers)), [status, body], JSON.stringify(headers));
  for (const range of ['bytes=10-', 'bytes=10-12', 'bytes=-0']) {
    const answer = await ask(`blobs/${BLOB}`, { range });
    assert.deepEqual([answer.status, answer.headers.get('content-range')], [416, 'bytes */10'], range);
    await answer.text();
  }
  const head = await ask(`blobs/${BLOB}`, { range: 'bytes=2-4' }, 'HEAD');
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, '10']);
});

test('a tag is made only where there is none, and changed only as it was seen, where the client says so', async () => {
  const [one, two] = [manifestOf({ annotations: { n: '1' } }), manifestOf({ annotations: { n: '2' } })];
  const etag = (manifest: string) => `"${digest(manifest)}"`;
  assert.equal((await put('only', one, { 'if-match': etag(one) })).status, 412);
  assert.equal((await put('only', one, { 'if-none-match': '*' })).status, 201);
  const [status, text] = await told(await put('only', two, { 'if-none-match': '*' }));
  assert.equal(status, 412);
  assert.match(text, new RegExp(`"DENIED".*If-None-Match: \\* does not hold, it is .*${digest(one)}`));
  assert.equal((await put('only', two, { 'if-match': etag(two) })).status, 412);
  assert.equal((await put('only', two, { 'if-match': etag(one) })).status, 201);
  assert.equal((await ask('manifests/only', { 'if-match': etag(one) })).status, 412);
  assert.equal((await ask('manifests/only', { 'if-match': etag(two) }, 'HEAD')).status, 200);
  assert.equal((await ask('manifests/only', { 'if-none-match': etag(two) })).status, 304);
  assert.equal((await ask('manifests/only', { 'if-match': etag(one) }, 'DELETE')).status, 412);
  assert.equal((await ask('manifests/only', { 'if-match': etag(two) }, 'DELETE')).status, 202);
  // Of many who want to make it, one does.
  const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => put('race', manifestOf({ annotations: { n: String(n) } }), { 'if-none-match': '*' })));
  assert.deepEqual(answers.map(({ status: code }) => code).toSorted(), [201, ...Array.from({ length: 7 }, () => 412)]);
});

test('a long list of referrers comes page by page, and the client reads all of them', async () => {
  const subject = manifestOf({ annotations: { is: 'subject' } });
  assert.equal((await put('subject', subject)).status, 201);
  const long = 'x'.repeat(900_000);
  const digests: string[] = [];
  for (let n = 0; n < 11; n += 1) {
    const artifactType = n % 2 === 0 ? 'application/even' : 'application/odd';
    const referrer = manifestOf({
      artifactType,
      subject: { mediaType: TYPE, digest: digest(subject), size: subject.length },
      annotations: { n: String(n), long },
    });
    assert.equal((await put(digest(referrer), referrer)).status, 201);
    digests.push(digest(referrer));
  }
  const first = await ask(`referrers/${digest(subject)}`);
  assert.ok((await first.text()).length <= 4 * 2 ** 20);
  assert.match(first.headers.get('link') ?? '', /^<\/v2\/team\/app\/referrers\/sha256:\w+\?last=sha256%3A\w+>; rel="next"$/);
  const filtered = await ask(`referrers/${digest(subject)}?artifactType=application/even`);
  assert.equal(filtered.headers.get('oci-filters-applied'), 'artifactType');
  assert.match(filtered.headers.get('link') ?? '', /artifactType=application%2Feven&last=/);
  await filtered.text();
  using remotes = await openRemotes(parts);
  const repository = remotes.repository({ host: HOST, repository: 'team/app', insecure: true }, 'pull', {});
  const found = await repository.referrers(digestOf(subject));
  assert.deepEqual(found.map((descriptor) => descriptor.digest).toSorted(), digests.toSorted());
});
