import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openMemoryStore } from '#cluster/store';
import { silentLogger } from '#kit';
import { ObjectCache } from './object-cache.ts';

const KEY = '/registry/configmaps/default/one';
const object = (text: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'default' }, data: { text } });

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
