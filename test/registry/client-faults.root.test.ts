import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { layersOf, type OpenImageStore, parseReference } from '#image';
import { systemClock } from '#kit';
import type { DockerRegistry } from '../support/docker-registry.ts';
import type { FaultyFront } from '../support/faulty-front.ts';
import { type FaultyUpstream, openFaultyUpstream } from '../support/faulty-upstream.ts';
import { inOwnNamespaces } from '../support/own-namespaces.ts';

const isInside = inOwnNamespaces(import.meta.filename, 'pulls and pushes against docker-registry', '/usr/bin/docker-registry');

let place: FaultyUpstream;
let upstream: DockerRegistry;
let front: FaultyFront;
let source: OpenImageStore;
let openStore: FaultyUpstream['openStore'];

before(async () => {
  if (!isInside) return;
  place = await openFaultyUpstream();
  ({ upstream, front, source, openStore } = place);
});
after(async () => {
  if (isInside) await place[Symbol.asyncDispose]();
});

let stores = 0;
/** Pulls into an empty store, through the front. */
async function pull(): Promise<string> {
  const store = await openStore(`pull-${(stores += 1)}`);
  try {
    front.seen.length = 0;
    const image = await store.images.pull(parseReference(`${front.host}/team/app:1`), {});
    assert.equal(image.manifestDigest, (await source.images.list())[0]?.manifestDigest);
    return image.id;
  } finally {
    await store.stop();
  }
}
/** The layer, which is the only large blob. */
const layerPattern = async () => {
  const [image] = await source.images.list();
  return new RegExp(`^GET .*${image?.manifest.layers[0]?.digest}`);
};

test('a download goes on where the connection broke, as often as it brings something', { skip: !isInside }, async () => {
  const layer = await layerPattern();
  front.next(layer, ...[1, 2, 3, 4, 5].map(() => ({ kind: 'cut', after_bytes: 400_000 }) as const));
  await pull();
  const ranges = front.seen.filter(({ what }) => layer.test(what)).map(({ headers }) => headers.range);
  assert.equal(ranges.length, 6);
  assert.equal(ranges[0], undefined);
  assert.match(ranges[5] ?? '', /^bytes=\d+-$/);
  assert.ok(Number(ranges[5]?.replace(/\D/g, '')) > 400_000, String(ranges));
});

test('three images with a layer in common, pulled at once, have each blob fetched once', { skip: !isInside }, async () => {
  const [making, store] = [await openStore('making-three'), await openStore('three')];
  const names = ['one', 'two', 'three'].map((which) => `team/${which}:1`);
  try {
    const { config, ...image } = await making.images.pull(parseReference(`${upstream.host}/team/app:1`), {});
    for (const name of names) {
      const named = parseReference(`${upstream.host}/${name}`);
      await making.images.create({
        config: { ...config, config: { ...config.config, Labels: { name } } },
        layers: layersOf({ config, ...image }),
        names: [named],
      });
      await making.images.push(named, {});
    }
    front.seen.length = 0;
    await Promise.all(names.map((name) => store.images.pull(parseReference(`${front.host}/${name}`), {})));
    assert.equal((await store.images.list()).length, names.length);
    const gets = front.seen.filter(({ what }) => /^GET .*\/blobs\//.test(what)).map(({ what }) => what.slice(what.lastIndexOf('/')));
    assert.equal(gets.length, names.length + 1, String(gets));
    assert.equal(new Set(gets).size, gets.length);
  } finally {
    await Promise.all([making.stop(), store.stop()]);
  }
});

test('a registry that knows no ranges sends all again, and what is here already is passed over', { skip: !isInside }, async () => {
  front.next(await layerPattern(), { kind: 'cut', after_bytes: 400_000 }, { kind: 'whole' });
  await pull();
});

test('connections that bring nothing are given up after a few, with words', { skip: !isInside }, async () => {
  front.next(await layerPattern(), ...[1, 2, 3, 4].map(() => ({ kind: 'cut', after_bytes: 0 }) as const));
  await assert.rejects(pull(), {
    code: 'REGISTRY_FAILED',
    message: /Cannot pull layer [0-9a-f]{12} of .*team\/app:1: the connection to .* broke off after 0 of \d+ bytes/,
  });
});

test('500 once and 429 with Retry-After are waited out', { skip: !isInside }, async () => {
  front.next(await layerPattern(), { kind: 'answer', status: 500 }, { kind: 'answer', status: 429, headers: { 'retry-after': '1' } });
  const begin_ms = systemClock.monotonic();
  await pull();
  assert.ok(systemClock.monotonic() - begin_ms >= 1_000);
});

test('a registry that wants an hour of patience is told of at once', { skip: !isInside }, async () => {
  front.next(/GET .*manifests/, { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } });
  await assert.rejects(pull(), { message: /answered 429.*try again after 3600/ });
});

test('wrong bytes and a blob that is cut off are named', { skip: !isInside }, async () => {
  const layer = await layerPattern();
  front.next(layer, { kind: 'wrong' });
  await assert.rejects(pull(), { message: /Cannot pull layer .* sent other bytes: .*its digest is sha256:.*expected was sha256:/ });
  front.next(layer, { kind: 'short', bytes: 1_000 });
  await assert.rejects(pull(), { message: /sent 1000 bytes of [0-9a-f]{12}, which has \d+: it is cut off there/ });
});

test('a manifest whose Docker-Content-Digest is another is refused', { skip: !isInside }, async () => {
  front.next(/GET .*manifests/, { kind: 'wrong' });
  await assert.rejects(pull(), { code: 'DIGEST_INVALID' });
});

test('a redirect to another origin takes no credentials along', { skip: !isInside }, async () => {
  const layer = await layerPattern();
  const authorizations: (string | undefined)[] = [];
  const [image] = await source.images.list();
  const bytes = await source.images.content.readAll(image?.manifest.layers[0]?.digest ?? assert.fail('no layer'));
  const other = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    response.end(bytes);
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  try {
    const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/blob`; // it listens on a port
    front.next(/manifests/, { kind: 'answer', status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } });
    front.next(layer, { kind: 'answer', status: 307, headers: { location } });
    const store = await openStore('redirected');
    front.seen.length = 0;
    await store.images.pull(parseReference(`${front.host}/team/app:1`), { auth: { username: 'ann', password: 's3cret' } });
    await store.stop();
    assert.match(front.seen.find(({ what }) => layer.test(what))?.headers.authorization ?? '', /^Basic /);
    assert.deepEqual(authorizations, [undefined]);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test('an upload that breaks or is forgotten is begun anew', { skip: !isInside }, async () => {
  front.next(/^PUT .*blobs\/uploads/, { kind: 'answer', status: 404 });
  const name = parseReference(`${front.host}/team/other:1`);
  const [image] = await source.images.list();
  await source.images.tag(image?.id ?? '', name);
  front.seen.length = 0;
  const pushed = await source.images.push(name, {});
  assert.equal(pushed.digest, image?.manifestDigest);
  assert.ok(front.seen.filter(({ what }) => what.startsWith('POST ')).length >= 3, 'two blobs, one of them twice');
});

test('a token that is taken for stale in the middle of a pull is renewed', { skip: !isInside }, async () => {
  const realm = `http://${front.host}/token`;
  const challenge = { 'www-authenticate': `Bearer realm="${realm}",service="x",scope="repository:team/app:pull"` };
  let given = 0;
  const tokens = createServer((_request, response) => void response.end(JSON.stringify({ token: `token-${(given += 1)}` })));
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
  try {
    const own = { 'www-authenticate': challenge['www-authenticate'].replace(realm, `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`) }; // it listens
    const layer = await layerPattern();
    front.next(/GET .*manifests/, { kind: 'answer', status: 401, headers: own });
    front.next(layer, { kind: 'cut', after_bytes: 400_000 }, { kind: 'answer', status: 401, headers: own });
    await pull();
    const shown = front.seen.filter(({ what }) => layer.test(what)).map(({ headers }) => `${headers.authorization} ${headers.range?.replace(/\d+/, 'N')}`);
    assert.deepEqual(shown, ['Bearer token-1 undefined', 'Bearer token-1 bytes=N-', 'Bearer token-2 bytes=N-']);
  } finally {
    tokens.closeAllConnections();
    await new Promise((resolve) => tokens.close(resolve));
  }
});

test('a foreign layer is fetched from its address, stays out of pushes, and comes from the registry where the address is gone', {
  skip: !isInside,
}, async () => {
  const [image] = await source.images.list();
  const { manifest } = image ?? assert.fail('no image');
  const bytes = await source.images.content.readAll(manifest.layers[0]?.digest ?? assert.fail('no layer'));
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    if (request.url === '/layer') response.end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  try {
    const at = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`; // it listens
    for (const [tag, path] of [
      ['foreign', '/layer'],
      ['moved', '/gone'],
    ] as const) {
      const foreign = { ...manifest, layers: manifest.layers.map((layer) => ({ ...layer, urls: [`${at}${path}`] })) };
      const put = await fetch(`http://${upstream.host}/v2/team/app/manifests/${tag}`, {
        method: 'PUT',
        headers: { 'content-type': manifest.mediaType },
        body: JSON.stringify(foreign),
      });
      assert.equal(put.status, 201, await put.text());
      const store = await openStore(`foreign-${tag}`);
      front.seen.length = 0;
      const pulled = await store.images.pull(parseReference(`${front.host}/team/app:${tag}`), {});
      assert.equal(pulled.id, image?.id);
      const layer = await layerPattern();
      assert.equal(front.seen.filter(({ what }) => layer.test(what)).length, tag === 'moved' ? 1 : 0);
      const other = parseReference(`${front.host}/pushed/${tag}:1`);
      await store.images.tag(pulled.id, other);
      front.seen.length = 0;
      await store.images.push(other, {});
      assert.ok(!front.seen.some(({ what }) => what.includes(manifest.layers[0]?.digest ?? '')), 'a foreign layer stays where it is');
      await store.stop();
    }
    assert.deepEqual(asked, ['/layer undefined', '/gone undefined']);
  } finally {
    elsewhere.closeAllConnections();
    await new Promise((resolve) => elsewhere.close(resolve));
  }
});
