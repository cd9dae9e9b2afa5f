import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashSync } from 'bcryptjs';
import { type Image, type OpenImageStore, parseDigest, parseReference } from '#image';
import { type Clock, silentLogger, systemClock, systemRandom } from '#kit';
import { createRegistry, type RegistrySettings } from '#registry';
import { Conversation } from '../support/conversation.ts';
import { type DockerRegistry, startDockerRegistry } from '../support/docker-registry.ts';
import { eventually } from '../support/eventually.ts';
import type { FaultyFront } from '../support/faulty-front.ts';
import { type FaultyUpstream, LAYER_BYTES, openFaultyUpstream } from '../support/faulty-upstream.ts';
import { inOwnNamespaces } from '../support/own-namespaces.ts';
import { Pki } from '../support/pki.ts';
import { pullWhole, pushImage } from '../support/registry-pushes.ts';
import { output, run } from '../support/run.ts';

const isInside = inOwnNamespaces(import.meta.filename, 'upstreams against docker-registry', '/usr/bin/docker-registry');

let place: FaultyUpstream;
let folder: string;
let upstream: DockerRegistry;
let front: FaultyFront;
let source: OpenImageStore;
let image: Image;
let openStore: FaultyUpstream['openStore'];

before(async () => {
  if (!isInside) return;
  place = await openFaultyUpstream();
  ({ folder, upstream, front, source, image, openStore } = place);
});
after(async () => {
  if (isInside) await place[Symbol.asyncDispose]();
});

const ACCEPTED = { accept: 'application/vnd.oci.image.manifest.v1+json' };
let places = 0;
/** A registry of ours over an empty store, with the front as its upstream. */
async function registryWith(more: Partial<RegistrySettings['upstreams'] & object>[number] | object = {}, settings: RegistrySettings = {}) {
  const name = `place-${(places += 1)}`;
  let ahead_ms = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead_ms };
  const store = await openStore(name, clock);
  const upstreams = [{ prefix: 'hub/', host: 'registry.example', remote: `http://${front.host}`, ...more }];
  const options = { images: store.images, dataDir: join(folder, name, 'registry'), clock, random: systemRandom, logger: silentLogger };
  const make = () => createRegistry({ ...options, settings: { upstreams, ...settings } });
  let registry = make();
  let { port } = await registry.listen({ host: '127.0.0.1', port: 0 });
  front.seen.length = 0;
  return {
    images: store.images,
    spool: () => readdirSync(join(folder, name, 'registry/upstreams/spool')),
    host: () => `127.0.0.1:${port}`,
    later: (time_ms: number) => (ahead_ms += time_ms),
    async restart() {
      await registry.stop();
      registry = make();
      ({ port } = await registry.listen({ host: '127.0.0.1', port: 0 }));
    },
    async [Symbol.asyncDispose]() {
      front.goOffline(false);
      await registry.stop();
      await store.stop();
    },
  };
}

function open(host: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(`http://${host}/v2/${path}`, { agent: false }, resolve).on('error', reject));
}
async function fetched(host: string, path: string): Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }> {
  const response = await open(host, path);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(await response.toArray()) };
}
const layer = () => image.manifest.layers[0]?.digest ?? assert.fail('no layer');
const blobGets = () => front.seen.filter(({ what }) => what.startsWith('GET ') && what.includes(layer())).length;

test('what is pulled is kept: pulled again without the upstream, after a restart and a collection too', { skip: !isInside }, async () => {
  await using place = await registryWith();
  const pull = async (name: string) => {
    const store = await openStore(name);
    const pulled = await store.images.pull(parseReference(`${place.host()}/hub/team/app:1`), {});
    assert.equal(pulled.manifestDigest, image.manifestDigest);
    await store.stop();
  };
  await pull('first');
  assert.equal(blobGets(), 1);
  place.later(2 * 3_600_000);
  await place.images.collect();
  await place.restart();
  front.goOffline(true);
  await pull('second');
  const answer = await fetched(place.host(), 'hub/team/app/manifests/1');
  assert.equal(answer.headers.warning, '111 - "Revalidation Failed"');
  const tags = await fetched(place.host(), 'hub/team/app/tags/list');
  assert.deepEqual(JSON.parse(tags.body.toString()), { name: 'hub/team/app', tags: ['1'] });
  assert.equal((await fetched(place.host(), 'hub/team/none/manifests/1')).status, 502);
});

test('skopeo copies from it', { skip: !isInside || !existsSync('/usr/bin/skopeo') }, async () => {
  await using place = await registryWith();
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  const into = join(folder, 'skopeo');
  await output(run(['skopeo', '--policy', policy, 'copy', '--src-tls-verify=false', `docker://${place.host()}/hub/team/app:1`, `dir:${into}`]));
  assert.ok(existsSync(join(into, layer().replace('sha256:', ''))));
});

test('a tag is trusted for its time, then looked up; what was moved is fetched', { skip: !isInside }, async () => {
  await using place = await registryWith({ tagsFresh: 60_000 });
  const asks = () => front.seen.map(({ what }) => what).filter((what) => what.includes('/manifests/'));
  await fetched(place.host(), 'hub/team/app/manifests/1');
  await fetched(place.host(), 'hub/team/app/manifests/1');
  assert.deepEqual(asks(), ['GET /v2/team/app/manifests/1']);
  place.later(61_000);
  await fetched(place.host(), 'hub/team/app/manifests/1');
  assert.deepEqual(asks().slice(1), ['HEAD /v2/team/app/manifests/1']);
});

test('many who ask for one blob at once have it fetched once', { skip: !isInside }, async () => {
  await using place = await registryWith();
  const all = await Promise.all(Array.from({ length: 12 }, () => fetched(place.host(), `hub/team/app/blobs/${layer()}`)));
  const expected = await source.images.content.readAll(layer());
  for (const { status, body } of all) assert.ok(status === 200 && body.equals(expected));
  assert.equal(blobGets(), 1);
  await eventually('nothing is left beside the store', () => place.spool().length === 0);
});

test('bytes reach the client while the upstream still sends; one who leaves does not stop the others, the last one does', { skip: !isInside }, async () => {
  await using place = await registryWith();
  const gate = Promise.withResolvers<void>();
  front.next(/^GET .*blobs/, { kind: 'held', after_bytes: 500_000, until: gate.promise });
  const first = await open(place.host(), `hub/team/app/blobs/${layer()}`);
  const second = await open(place.host(), `hub/team/app/blobs/${layer()}`);
  for await (const piece of first) if (Buffer.from(piece).length > 0) break; // and leaves
  gate.resolve();
  assert.ok(Buffer.concat(await second.toArray()).equals(await source.images.content.readAll(layer())));
  assert.equal(blobGets(), 1);

  await using other = await registryWith();
  const never = Promise.withResolvers<void>();
  front.next(/^GET .*blobs/, { kind: 'held', after_bytes: 500_000, until: never.promise });
  const lone = await open(other.host(), `hub/team/app/blobs/${layer()}`);
  for await (const piece of lone) if (Buffer.from(piece).length > 0) break;
  await eventually('nothing is left beside the store', () => other.spool().length === 0);
  never.resolve();
  assert.equal(await other.images.content.stat(layer()), undefined);
  assert.equal((await fetched(other.host(), `hub/team/app/blobs/${layer()}`)).body.length, image.manifest.layers[0]?.size);
});

test('wrong bytes break the stream and are not kept', { skip: !isInside }, async () => {
  await using place = await registryWith();
  front.next(/^GET .*blobs/, { kind: 'wrong' });
  await assert.rejects(fetched(place.host(), `hub/team/app/blobs/${layer()}`), { code: 'ECONNRESET' });
  assert.equal(await place.images.content.stat(layer()), undefined);
  assert.equal((await fetched(place.host(), `hub/team/app/blobs/${layer()}`)).status, 200);
});

test("a broken connection to the upstream is not the client's to know", { skip: !isInside }, async () => {
  await using place = await registryWith();
  front.next(/^GET .*blobs/, { kind: 'cut', after_bytes: 1_000_000 });
  assert.ok((await fetched(place.host(), `hub/team/app/blobs/${layer()}`)).body.equals(await source.images.content.readAll(layer())));
  assert.equal(blobGets(), 2);
});

test('pushes and what is not allowed are refused in words', { skip: !isInside }, async () => {
  await using place = await registryWith({ repositories: ['library/*'] });
  const denied = await fetched(place.host(), 'hub/team/app/manifests/1');
  assert.equal(denied.status, 403);
  assert.match(denied.body.toString(), /DENIED.*team\/app of .* may not be asked for/);
  const response = await fetch(`http://${place.host()}/v2/hub/library/app/blobs/uploads/`, { method: 'POST' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get('allow'), 'GET, HEAD');
  assert.match(await response.text(), /UNSUPPORTED.*hub\/library\/app is a copy of what/);
  assert.deepEqual(front.seen, []);
});

test('by ?ns= as containerd asks, and by any name as Docker asks its mirrors; own repositories come first', { skip: !isInside }, async () => {
  await using place = await registryWith();
  assert.equal((await fetched(place.host(), 'team/app/manifests/1?ns=registry.example')).status, 200);
  assert.equal((await fetched(place.host(), 'team/app/manifests/1?ns=other.example')).status, 404);
  assert.equal((await fetched(place.host(), 'team/app/manifests/1')).status, 404);
  await using mirror = await registryWith({ prefix: '/' });
  assert.equal((await fetched(mirror.host(), 'team/app/manifests/1')).status, 200);
  const own = parseReference(`${mirror.host()}/team/app:own`);
  await source.images.tag(image.id, own);
  await source.images.push(own, {});
  assert.equal((await fetched(mirror.host(), 'team/app/manifests/own')).status, 200);
  assert.equal((await fetched(mirror.host(), 'team/app/manifests/1')).status, 404);
});

test('what was least lately asked for makes room', { skip: !isInside }, async () => {
  await using place = await registryWith({}, { cacheMax: LAYER_BYTES });
  await fetched(place.host(), 'hub/team/app/manifests/1');
  await fetched(place.host(), `hub/team/app/blobs/${image.id}`);
  place.later(7_200_000);
  await fetched(place.host(), `hub/team/app/blobs/${image.id}`);
  const { size = 0 } = image.manifest.layers[0] ?? {};
  assert.ok(size > LAYER_BYTES, 'random bytes do not shrink');
  assert.equal((await fetched(place.host(), `hub/team/app/blobs/${layer()}`)).body.length, size);
  await eventually('all was let go of', () => place.images.leases('upstream/').size === 0);
});

test('the upstream is shown the credentials of the file', { skip: !isInside }, async () => {
  const credentials = join(folder, 'credentials');
  writeFileSync(credentials, 'ann:s3cret\n');
  await using place = await registryWith({ credentials });
  front.next(/manifests/, { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
  assert.equal((await fetched(place.host(), 'hub/team/app/manifests/1')).status, 200);
  assert.equal(front.seen.at(-1)?.headers.authorization, `Basic ${Buffer.from('ann:s3cret').toString('base64')}`);
});

test('an upstream that really wants a password gives nothing without it', { skip: !isInside }, async () => {
  const [credentials, users, port] = [join(folder, 'bob'), join(folder, 'users'), 5_003];
  writeFileSync(users, `bob:${hashSync('pass word', 4)}\n`);
  await using guarded = await startDockerRegistry(join(folder, 'guarded'), port, undefined, users);
  const name = parseReference(`${guarded.host}/team/app:1`);
  await source.images.tag(image.id, name);
  await source.images.push(name, { auth: { username: 'bob', password: 'pass word' } });
  writeFileSync(credentials, 'bob:wrong\n');
  await using place = await registryWith({ remote: `http://${guarded.host}`, credentials });
  const ask = () => fetched(place.host(), `hub/team/app/blobs/${layer()}`);
  assert.notEqual((await ask()).status, 200);
  // It is read anew at each use.
  writeFileSync(credentials, 'bob:pass word\n');
  assert.equal((await fetched(place.host(), 'hub/team/app/manifests/1')).status, 200);
  assert.ok((await ask()).body.equals(await source.images.content.readAll(layer())));
});

test('of an index only the platform that is asked for is fetched and kept', { skip: !isInside }, async () => {
  const base = `http://${upstream.host}`;
  const pushed = [];
  for (const architecture of ['amd64', 'arm64']) pushed.push(await pushImage(base, 'team/many', architecture, [randomBytes(100_000)]));
  const [wanted = assert.fail(), other = assert.fail()] = pushed;
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const sizeOf = async (digest: string) =>
    Number((await fetch(`${base}/v2/team/many/manifests/${digest}`, { method: 'HEAD', headers: ACCEPTED })).headers.get('content-length'));
  const manifests = [];
  for (const [digest, architecture] of [
    [wanted.manifest, 'amd64'],
    [other.manifest, 'arm64'],
  ] as const)
    manifests.push({ mediaType: ACCEPTED.accept, digest, size: await sizeOf(digest), platform: { os: 'linux', architecture } });
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
  assert.equal((await fetch(`${base}/v2/team/many/manifests/all`, { method: 'PUT', headers: { 'content-type': mediaType }, body })).status, 201);
  await using place = await registryWith();
  assert.equal((await fetched(place.host(), 'hub/team/many/manifests/all')).body.toString(), body);
  await pullWhole(`http://${place.host()}`, { ...wanted, repository: 'hub/team/many' });
  const foreign = [other.manifest, other.layers.at(-1) ?? ''];
  for (const digest of foreign) {
    assert.ok(!front.seen.some(({ what }) => what.includes(digest)), `${digest} was asked for`);
    assert.equal(await place.images.content.stat(parseDigest(digest)), undefined);
  }
  for (const digest of [wanted.manifest, ...wanted.layers]) assert.ok(await place.images.content.stat(parseDigest(digest)));
});

test('one token does for all that is asked of a repository, until the upstream wants another', { skip: !isInside }, async () => {
  let given = 0;
  const tokens = createServer((_request, response) => void response.end(JSON.stringify({ token: `token-${(given += 1)}` })));
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  try {
    await using place = await registryWith();
    const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`; // it listens on a port
    front.next(/manifests/, { kind: 'answer', status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="x"` } });
    for (const path of ['manifests/1', `blobs/${layer()}`, `blobs/${image.id}`])
      assert.equal((await fetched(place.host(), `hub/team/app/${path}`)).status, 200);
    assert.deepEqual(
      front.seen.slice(1).map(({ headers }) => headers.authorization),
      ['Bearer token-1', 'Bearer token-1', 'Bearer token-1'],
    );
  } finally {
    tokens.closeAllConnections();
    await new Promise((resolve) => tokens.close(resolve));
  }
});

test('an upstream with an authority of its own is believed with its file only', { skip: !isInside }, async () => {
  const pki = await Pki.create(join(folder, 'pki'));
  const { cert, key } = await pki.issue('upstream', 'server', ['127.0.0.1']);
  const script = new URL('../support/registry-front.ts', import.meta.url).pathname;
  await using encrypted = new Conversation(spawn(process.execPath, ['--no-warnings', script, '127.0.0.1', '5443', `http://${upstream.host}`, cert, key]));
  await encrypted.hears(/ready/);
  const remote = 'https://127.0.0.1:5443';
  await using stranger = await registryWith({ remote });
  const refused = await fetched(stranger.host(), 'hub/team/app/manifests/1');
  assert.equal(refused.status, 502);
  assert.match(refused.body.toString(), /Cannot reach registry 127\.0\.0\.1:5443: .*certificate/);
  await using friend = await registryWith({ remote, authority: pki.authority });
  assert.equal((await fetched(friend.host(), 'hub/team/app/manifests/1')).status, 200);
});

test('what the upstream refuses is answered; what is left of the cache is what was asked for last', { skip: !isInside }, async () => {
  writeFileSync(join(folder, 'root/data'), randomBytes(LAYER_BYTES));
  execFileSync('tar', ['-C', join(folder, 'root'), '-cf', join(folder, 'second.tar'), '.']);
  const name = parseReference(`${upstream.host}/team/app:2`);
  await source.images.importTar(createReadStream(join(folder, 'second.tar')), { config: {}, name });
  await source.images.push(name, {});
  const second = (await source.images.resolve(`${upstream.host}/team/app:2`)).manifest.layers[0]?.digest ?? assert.fail('no layer');
  await using place = await registryWith({}, { cacheMax: LAYER_BYTES * 1.5 });
  await fetched(place.host(), 'hub/team/app/manifests/1');
  front.next(/^GET .*blobs/, { kind: 'answer', status: 404 });
  const missing = await fetched(place.host(), `hub/team/app/blobs/${layer()}`);
  assert.equal(missing.status, 404);
  assert.match(missing.body.toString(), /BLOB_UNKNOWN/);
  for (const digest of [layer(), second, second]) {
    place.later(1_000);
    assert.equal((await fetched(place.host(), `hub/team/app/blobs/${digest}`)).status, 200);
  }
  const kept = () => [...place.images.leases('upstream/').values()].flat();
  await eventually('the older one went', () => !kept().includes(layer()));
  assert.ok(kept().includes(second));
});

test('a registry that stops in the middle of a fetch leaves nothing half', { skip: !isInside }, async () => {
  await using place = await registryWith();
  const never = Promise.withResolvers<void>();
  front.next(/^GET .*blobs/, { kind: 'held', after_bytes: 500_000, until: never.promise });
  const response = await open(place.host(), `hub/team/app/blobs/${layer()}`);
  const broken = assert.rejects(response.toArray(), { code: 'ECONNRESET' });
  await place.restart();
  await broken;
  never.resolve();
  assert.equal(await place.images.content.stat(layer()), undefined);
  assert.deepEqual(place.spool(), []);
  assert.equal((await fetched(place.host(), `hub/team/app/blobs/${layer()}`)).status, 200);
});
