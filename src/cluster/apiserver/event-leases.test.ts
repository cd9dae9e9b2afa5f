import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchEvent } from '#cluster/api';
import { openMemoryStore } from '#cluster/store';
import { FakeClock, silentLogger } from '#kit';
import { EventLeases } from './event-leases.ts';
import { ask, configMap, startTestServer } from './testkit/server.ts';

const event = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name },
  involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
});
const none = async () => {};
const KEY = '/registry/core/events/default/';

test('an Event is forgotten an hour after its last change, or a minute later, and not before', async () => {
  const clock = new FakeClock();
  const store = await openMemoryStore({ clock });
  await using server = await startTestServer({ clock, store });
  const answer = await ask(server, 'watch', 'events', { namespace: 'default' });
  assert.ok(answer.kind === 'watch');
  const iterator = answer.events[Symbol.asyncIterator]();
  const next = async () => {
    const { value }: { value?: WatchEvent } = await iterator.next();
    // A watch of Events tells of objects.
    const { name } = (value?.object.metadata ?? {}) as { name?: string };
    return [value?.type, name];
  };
  for (const name of ['first', 'second', 'changed']) {
    await ask(server, 'create', 'events', { namespace: 'default', body: event(name) });
    assert.deepEqual(await next(), ['ADDED', name]);
  }
  await ask(server, 'create', 'configmaps', { namespace: 'default', body: configMap('stays') });
  await clock.advance(30 * 60_000, none);
  const patch = { count: 2 };
  await ask(server, 'patch', 'events', { namespace: 'default', name: 'changed', body: patch, contentType: 'application/merge-patch+json' });
  assert.deepEqual(await next(), ['MODIFIED', 'changed']);
  await clock.advance(30 * 60_000 - 1000, none);
  assert.equal((await store.range(KEY)).count, 3);
  await clock.advance(62_000, none);
  assert.deepEqual(
    [await next(), await next()],
    [
      ['DELETED', 'first'],
      ['DELETED', 'second'],
    ],
  );
  const left = await ask(server, 'list', 'events');
  assert.deepEqual(left.kind === 'list' && left.list.items.map(({ metadata }) => metadata.name), ['changed']);
  await clock.advance(31 * 60_000, none);
  assert.deepEqual(await next(), ['DELETED', 'changed']);
  const kept = await store.get('/registry/core/configmaps/default/stays');
  assert.deepEqual([kept !== undefined, kept?.lease], [true, undefined]);
});

test('Events of one minute share a lease, up to a thousand of them', async () => {
  const clock = new FakeClock();
  const store = await openMemoryStore({ clock });
  const leases = new EventLeases(store, clock, 3600);
  assert.equal(leases.leaseFor('/registry/core/pods/default/p'), undefined);
  const first = await leases.leaseFor(`${KEY}a`);
  for (let count = 1; count < 1000; count += 1) assert.equal(await leases.leaseFor(`${KEY}b`), first);
  const second = await leases.leaseFor(`${KEY}c`);
  assert.notEqual(second, first);
  await clock.advance(59_999, none);
  assert.equal(await leases.leaseFor(`${KEY}c`), second);
  await clock.advance(1, none);
  assert.notEqual(await leases.leaseFor(`${KEY}c`), second);
  assert.equal((await store.lease(second ?? 0)).ttl_s, 3660);
  await store.close();
});

test('an Event that was written without a lease gets one when the server starts', async () => {
  const clock = new FakeClock();
  const store = await openMemoryStore({ clock });
  await store.put(`${KEY}old`, Buffer.from('{}'));
  const leases = new EventLeases(store, clock, 60);
  await leases.adopt(silentLogger);
  assert.notEqual((await store.get(`${KEY}old`))?.lease, undefined);
  await clock.advance(63_000, none);
  assert.equal(await store.get(`${KEY}old`), undefined);
  await store.close();
});
