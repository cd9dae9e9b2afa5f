import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#cluster/api';
import { openMemoryStore } from '#cluster/store';
import { silentLogger } from '#kit';
import { beginsWith, bytesOf, deepFreeze, rememberWritten, storedText } from './bytes.ts';
import { ObjectCache, parse } from './object-cache.ts';

const KEY = '/registry/configmaps/default/one';
const object = (text: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'default' }, data: { text } });

test('a store in memory holds the object that readers share: of now, of the past and in a copy; its bytes are those of the object', async () => {
  const store = await openMemoryStore();
  const cache = new ObjectCache(store, silentLogger);
  await cache.start();
  const first = await cache.put(KEY, object('first'), 0);
  const revision = Number(first.metadata.resourceVersion);
  await cache.put(KEY, object('second'), revision);

  const then = await store.get(KEY, revision);
  assert.ok(then);
  assert.equal(parse(then), first);
  assert.deepEqual(JSON.parse(Buffer.from(then.value).toString()), object('first'));
  const copy = await openMemoryStore({ from: await store.range('') });
  const other = new ObjectCache(copy, silentLogger);
  await other.start();
  assert.equal(other.get(KEY), cache.get(KEY));
});

test('the text of an object in memory is the one that another store would give back', async () => {
  const cache = new ObjectCache(await openMemoryStore(), silentLogger);
  await cache.start();
  const { kind, apiVersion, metadata, data } = object('ü');
  const stored = await cache.put(KEY, { data, kind, metadata, apiVersion } as KubeObject, 0);
  const written = deepFreeze({ ...stored });
  rememberWritten(written, storedText(stored), Number(stored.metadata.resourceVersion));
  assert.equal(bytesOf(stored).toString(), bytesOf(written).toString());
  assert.equal(beginsWith(stored, '{"apiVersion":"v1","kind":"ConfigMap",'), true);
});

test('what was parsed before is shared by a cache on a copy of the store, and read anew where another revision stands there', async () => {
  const store = await openMemoryStore();
  const cache = new ObjectCache(store, silentLogger);
  await cache.start();
  await cache.put(KEY, object('first'), 0);
  const known = cache.objects();

  const copy = new ObjectCache(await openMemoryStore({ from: await store.range('') }), silentLogger);
  await copy.start(known);
  assert.equal(copy.get(KEY), cache.get(KEY));

  await cache.put(KEY, object('second'), Number(cache.get(KEY)?.metadata.resourceVersion));
  const later = new ObjectCache(await openMemoryStore({ from: await store.range('') }), silentLogger);
  await later.start(known);
  assert.deepEqual(later.get(KEY), cache.get(KEY));
  assert.notEqual(later.get(KEY), known.get(KEY));
});
