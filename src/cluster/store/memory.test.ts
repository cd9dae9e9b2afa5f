import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#kit';
import { contentOf } from './content.ts';
import { storeContract } from './contract.ts';
import { openMemoryStore } from './open.ts';

storeContract('memory', openMemoryStore, { openLimited: (historyLimit) => openMemoryStore({ historyLimit }) });

test('memory: what is begun with another store’s content has its leases, with what was left of them', async () => {
  const clock = new FakeClock();
  const pass = (time_ms: number) => clock.advance(time_ms, async () => {});
  const first = await openMemoryStore({ clock });
  const { id } = await first.grantLease(100);
  await first.put('/bound', Buffer.from('x'), { lease: id });
  await first.put('/free', Buffer.from('x'));
  await pass(30_000);
  const second = await openMemoryStore({ clock, from: await contentOf(first) });
  await first.close();
  assert.deepEqual(await second.lease(id), { id, ttl_s: 100, left_s: 70, keys: ['/bound'] });
  await pass(69_999);
  assert.equal((await second.range('')).count, 2);
  await pass(1);
  assert.deepEqual(
    (await second.range('')).items.map(({ key }) => key),
    ['/free'],
  );
  await second.close();
});
