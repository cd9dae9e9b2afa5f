import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { systemClock, systemRandom } from '#kit';
import { storeContract } from '../contract.ts';
import { openEtcdStore } from '../open.ts';
import type { StoreEvent } from '../types.ts';
import { etcdMissing, startCable, startTestEtcd, type TestEtcd } from './etcd.testing.ts';

const skip = etcdMissing();
const skipping = skip === undefined ? {} : { skip };
const one: TestEtcd | undefined = skip === undefined ? await startTestEtcd() : undefined;
after(() => one?.[Symbol.asyncDispose]());

const bytes = (text: string) => Buffer.from(text);
const open = (etcd: TestEtcd | undefined, prefix = `/test-${systemRandom.hex(8)}`) =>
  openEtcdStore({ endpoints: etcd?.endpoints ?? [], clock: systemClock, prefix });
const revisionOf = (event: StoreEvent) => (event.type === 'put' ? event.item.modRevision : event.revision);

storeContract('etcd', () => open(one), { runs: 15, ...(skip === undefined ? {} : { skip }) });

test('etcd: a range of more than one piece is of one revision', skipping, async () => {
  const store = await open(one);
  await Promise.all(Array.from({ length: 4500 }, (_, index) => store.put(`/k/${String(index).padStart(5, '0')}`, bytes('x'), { expected: 0 })));
  const { items, more, count } = await store.range('/k/');
  assert.deepEqual([items.length, more, count, items.at(-1)?.key], [4500, false, 4500, '/k/04499']);
  assert.equal((await store.range('/k/', { limit: 3000 })).items.length, 3000);
  await store.close();
});

test('etcd: no endpoint answers: one sentence, and in time', skipping, async () => {
  const clock = { ...systemClock, monotonic: () => (time_ms += 15_000) };
  let time_ms = 0;
  await assert.rejects(openEtcdStore({ endpoints: ['http://127.0.0.1:1'], clock }), {
    code: 'STORE_UNAVAILABLE',
    message: /^Cannot reach etcd at http:\/\/127\.0\.0\.1:1: .*\. See that a majority of its members runs$/,
  });
});

test('etcd: two stores on one etcd see what the other one writes', skipping, async () => {
  const prefix = `/test-${systemRandom.hex(8)}`;
  const [here, there] = [await open(one, prefix), await open(one, prefix)];
  const told = Promise.withResolvers<readonly StoreEvent[]>();
  using _watch = await there.watch('/', await there.revision(), told.resolve);
  const item = await here.put('/a', bytes('1'), { expected: 0 });
  assert.deepEqual((await told.promise).map(revisionOf), [item.modRevision]);
  assert.deepEqual(await there.get('/a'), item);
  await assert.rejects(there.put('/a', bytes('2'), { expected: 0 }), { code: 'REVISION_CONFLICT' });
  await Promise.all([here.close(), there.close()]);
});

test('etcd: three members, each killed in turn while writing: nothing acknowledged is lost, and a watch tells all of it once', skipping, async () => {
  await using etcd = await startTestEtcd(3);
  const store = await open(etcd);
  const acknowledged = new Map<string, number>();
  const seen: StoreEvent[] = [];
  let heard = Promise.withResolvers<void>();
  using _watch = await store.watch('/', await store.revision(), (events) => {
    seen.push(...events);
    heard.resolve();
  });
  let stopped = false;
  const write = async (writer: number) => {
    for (let index = 0; !stopped; index++) {
      const key = `/${writer}/${index}`;
      const { modRevision } = await store.put(key, bytes(key), { expected: 0 });
      acknowledged.set(key, modRevision);
    }
  };
  const written = async (count: number) => {
    const goal = acknowledged.size + count;
    while (acknowledged.size < goal) await systemClock.sleep(5);
  };
  const work = Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
  for (const member of [0, 1, 2]) {
    await written(100);
    await etcd.kill(member);
    await written(100);
    await etcd.revive(member);
  }
  stopped = true;
  await work;
  const { items } = await store.range('/');
  assert.deepEqual(new Map(items.map(({ key, modRevision }) => [key, modRevision])), acknowledged);
  while (seen.length < acknowledged.size) {
    heard = Promise.withResolvers<void>();
    if (seen.length < acknowledged.size) await heard.promise;
  }
  assert.deepEqual(
    seen.map(revisionOf),
    [...acknowledged.values()].sort((a, b) => a - b),
  );
  await store.close();
});

test('etcd: a watch that is cut off goes on where it was; one whose next event was compacted meanwhile says so', skipping, async () => {
  const prefix = `/test-${systemRandom.hex(8)}`;
  await using cable = await startCable(one?.endpoints[0] ?? '');
  const [far, near] = [await openEtcdStore({ endpoints: [cable.endpoint], clock: systemClock, prefix }), await open(one, prefix)];
  const lost = Promise.withResolvers<Error>();
  const seen: StoreEvent[] = [];
  let heard = Promise.withResolvers<void>();
  const hear = (events: readonly StoreEvent[]) => {
    seen.push(...events);
    heard.resolve();
  };
  using _watch = await far.watch('/', await far.revision(), hear, { onLost: lost.resolve });
  cable.cut();
  const item = await near.put('/a', bytes('1'), { expected: 0 });
  cable.mend();
  await heard.promise;
  assert.deepEqual(seen.map(revisionOf), [item.modRevision]);
  heard = Promise.withResolvers();
  cable.cut();
  await near.put('/b', bytes('1'), { expected: 0 });
  await near.put('/c', bytes('1'), { expected: 0 });
  await near.compact(await near.revision());
  cable.mend();
  assert.match((await lost.promise).message, /^Cannot read revision \d+: history before revision \d+ was compacted/);
  assert.equal(seen.length, 1);
  await Promise.all([far.close(), near.close()]);
});

test('etcd: a lease outlives kill -9 of etcd, and every store on it knows it', skipping, async () => {
  await using etcd = await startTestEtcd();
  const prefix = `/test-${systemRandom.hex(8)}`;
  const [here, there] = [await open(etcd, prefix), await open(etcd, prefix)];
  const { id } = await here.grantLease(600);
  await here.put('/a', bytes('1'), { lease: id });
  await etcd.kill(0);
  await etcd.revive(0);
  const { left_s, ...lease } = await there.lease(id);
  assert.deepEqual(lease, { id, ttl_s: 600, keys: ['/a'] });
  assert.ok(left_s > 500, `${left_s} s are left`);
  await there.revokeLease(id);
  assert.equal(await here.get('/a'), undefined);
  await Promise.all([here.close(), there.close()]);
});
