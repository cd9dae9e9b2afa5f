import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { systemClock } from '#kit';
import type { LateBytes, Store, StoreEvent } from './types.ts';

const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array | undefined) => (value === undefined ? undefined : Buffer.from(value).toString());
const code = (expected: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === expected;

/** What a watch tells, with a way to wait for so many events. */
function collector() {
  const seen: StoreEvent[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  return {
    seen,
    hear(events: readonly StoreEvent[]) {
      seen.push(...events);
      if (waiting && seen.length >= waiting.count) waiting.resolve();
    },
    async until(count: number) {
      if (seen.length >= count) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting = { count, resolve };
      await promise;
    },
  };
}

const revisionOf = (event: StoreEvent) => (event.type === 'put' ? event.item.modRevision : event.revision);

export interface ContractOptions {
  /** A store that keeps so many revisions of history and no more, where stores of that kind can. */
  readonly openLimited?: (historyLimit: number) => Promise<Store>;
  /** How many random histories are tried. */
  readonly runs?: number;
  /** Why nothing can be tried here. */
  readonly skip?: string;
}

/** What every store must do; `open` makes one with no keys. */
export function storeContract(name: string, open: () => Promise<Store>, { openLimited, runs = 40, skip }: ContractOptions = {}): void {
  const skipping = skip === undefined ? {} : { skip };
  const check = (what: string, body: (store: Store) => Promise<void>) =>
    test(`${name}: ${what}`, skipping, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });

  check('gives every write the next revision', async (store) => {
    const first = await store.put('/a', bytes('1'));
    const second = await store.put('/a', bytes('2'));
    assert.equal(second.modRevision, first.modRevision + 1);
    assert.equal(second.createRevision, first.createRevision);
    assert.equal(await store.revision(), second.modRevision);
    assert.equal(text((await store.get('/a'))?.value), '2');
  });

  check('refuses a write that expects another revision, also while the first is on its way', async (store) => {
    const item = await store.put('/a', bytes('1'), { expected: 0 });
    await assert.rejects(store.put('/a', bytes('2'), { expected: 0 }), code('REVISION_CONFLICT'));
    const both = await Promise.allSettled([
      store.put('/a', bytes('x'), { expected: item.modRevision }),
      store.put('/a', bytes('y'), { expected: item.modRevision }),
    ]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    await assert.rejects(store.delete('/a', { expected: item.modRevision }), code('REVISION_CONFLICT'));
  });

  check('does a transaction whole, at one revision, or not at all', async (store) => {
    const one = await store.put('/t/a', bytes('1'));
    await store.put('/t/gone', bytes('x'));
    const after = await store.revision();
    const { seen, hear, until } = collector();
    using _watch = await store.watch('/t/', after, hear);
    const { revision, items } = await store.transact([
      { key: '/t/a', value: bytes('2'), expected: one.modRevision },
      { key: '/t/b', value: bytes('new'), expected: 0 },
      { key: '/t/gone' },
      { key: '/t/never' },
    ]);
    assert.equal(revision, after + 1);
    assert.deepEqual(
      items.map((item) => item && [item.key, text(item.value), item.createRevision, item.modRevision]),
      [['/t/a', '2', one.createRevision, revision], ['/t/b', 'new', revision, revision], undefined, undefined],
    );
    await until(3);
    assert.deepEqual(seen.map(revisionOf), [revision, revision, revision]);
    assert.equal(text((await store.get('/t/a', after))?.value), '1');
    const conflicting = store.transact([
      { key: '/t/c', value: bytes('x') },
      { key: '/t/b', value: bytes('x'), expected: 0 },
    ]);
    await assert.rejects(conflicting, { code: 'REVISION_CONFLICT', message: /^Cannot write \/t\/b: / });
    assert.equal(await store.get('/t/c'), undefined);
    assert.equal(await store.revision(), revision);
    assert.deepEqual(await store.transact([{ key: '/t/never' }]), { revision, items: [undefined] });
    await assert.rejects(store.transact([{ key: '/t/c', value: bytes('x') }, { key: '/t/c' }]), TypeError);
  });

  check('lets one of two transactions over the same key through, whatever else they write', async (store) => {
    const guard = await store.put('/guard', bytes(''));
    const rivals = await Promise.allSettled(
      ['/x', '/y', '/z'].map((key) =>
        store.transact([
          { key: '/guard', value: bytes(key), expected: guard.modRevision },
          { key, value: bytes(key), expected: 0 },
        ]),
      ),
    );
    assert.equal(rivals.filter(({ status }) => status === 'fulfilled').length, 1);
    const present = (await store.range('/')).items.map(({ key }) => key);
    assert.deepEqual(present, ['/guard', text((await store.get('/guard'))?.value)]);
  });

  check('deletes once, and a new item of that key is new', async (store) => {
    const first = await store.put('/a', bytes('1'));
    assert.equal(text((await store.delete('/a'))?.previous.value), '1');
    assert.equal(await store.delete('/a'), undefined);
    assert.equal(await store.get('/a'), undefined);
    assert.ok((await store.put('/a', bytes('2'))).createRevision > first.createRevision);
  });

  check('answers ranges in order, page by page, as of a revision', async (store) => {
    for (const key of ['/p/c', '/p/a', '/q/x', '/p/b']) await store.put(key, bytes(key));
    const then = await store.revision();
    await store.delete('/p/b');
    const page = await store.range('/p/', { limit: 1 });
    assert.deepEqual([page.items.map(({ key }) => key), page.more, page.count], [['/p/a'], true, 2]);
    const next = await store.range('/p/', { after: '/p/a', revision: page.revision });
    assert.deepEqual([next.items.map(({ key }) => key), next.more], [['/p/c'], false]);
    assert.deepEqual(
      (await store.range('/p/', { revision: then })).items.map(({ key }) => key),
      ['/p/a', '/p/b', '/p/c'],
    );
    await assert.rejects(store.range('/p/', { revision: then + 100 }), code('FUTURE_REVISION'));
  });

  check('tells a watcher everything after its revision, once, in order, with what stood there before', async (store) => {
    await store.put('/w/a', bytes('1'));
    const after = await store.revision();
    await store.put('/w/a', bytes('2'));
    const { seen, hear, until } = collector();
    using _watch = await store.watch('/w/', after, hear);
    await store.put('/other', bytes('x'));
    await store.put('/w/b', bytes('3'));
    await store.delete('/w/a');
    await until(3);
    assert.deepEqual(
      seen.map((event) =>
        event.type === 'put' ? [event.item.key, text(event.item.value), text(event.previous?.value)] : [event.key, 'deleted', text(event.previous.value)],
      ),
      [
        ['/w/a', '2', '1'],
        ['/w/b', '3', undefined],
        ['/w/a', 'deleted', '2'],
      ],
    );
  });

  check('takes bytes that are made late for those that they are, and keeps them so where it says so', async (store) => {
    const late = (value: string): LateBytes => ({ bytes: bytes(value) });
    const { seen, hear, until } = collector();
    using _watch = await store.watch('/late/', await store.revision(), hear);
    const first = late('1');
    const put = await store.put('/late/a', first);
    assert.equal(put.late, store.keepsLate === true ? first : undefined);
    await store.transact([
      { key: '/late/a', value: late('2'), expected: put.modRevision },
      { key: '/late/b', value: late('3') },
    ]);
    await until(3);
    assert.deepEqual(
      seen.map((event) => event.type === 'put' && [text(event.item.value), text(event.previous?.value)]),
      [
        ['1', undefined],
        ['2', '1'],
        ['3', undefined],
      ],
    );
    assert.equal(text((await store.get('/late/a', put.modRevision))?.value), '1');
    assert.deepEqual(
      (await store.range('/late/')).items.map(({ value }) => text(value)),
      ['2', '3'],
    );
    assert.equal(text((await store.delete('/late/a'))?.previous.value), '2');
  });

  check('tells a watcher nothing more once it is disposed', async (store) => {
    const seen: StoreEvent[] = [];
    const after = await store.revision();
    const watch = await store.watch('', after, (events) => seen.push(...events));
    watch[Symbol.dispose]();
    const other = collector();
    using _other = await store.watch('', after, other.hear);
    await store.put('/a', bytes('1'));
    await other.until(1);
    assert.deepEqual(seen, []);
  });

  check('forgets history when compacted, and keeps the present', async (store) => {
    await store.put('/a', bytes('1'));
    await store.put('/a', bytes('2'));
    await store.put('/gone', bytes('x'));
    await store.delete('/gone');
    const revision = await store.revision();
    await store.compact(revision);
    assert.equal(text((await store.get('/a', revision))?.value), '2');
    await assert.rejects(store.get('/a', revision - 1), code('COMPACTED'));
    await assert.rejects(
      store.watch('/a', revision - 1, () => {}),
      code('COMPACTED'),
    );
    (await store.watch('/a', revision, () => {}))[Symbol.dispose]();
  });

  check('binds keys to a lease: they end with it, at one revision', async (store) => {
    const { id, ttl_s } = await store.grantLease(600);
    await store.put('/l/c', bytes('x'), { lease: id });
    const items = await store.transact([
      { key: '/l/a', value: bytes('x'), lease: id },
      { key: '/l/b', value: bytes('x') },
    ]);
    assert.deepEqual([items.items.map((item) => item?.lease), ttl_s], [[id, undefined], 600]);
    for (const [key, lease] of [
      ['/l/d', id],
      ['/l/b', id],
      ['/l/c', undefined],
    ] as const)
      await store.put(key, bytes('y'), lease === undefined ? {} : { lease });
    assert.equal((await store.get('/l/b'))?.lease, id);
    await store.delete('/l/d');
    const { left_s, ...state } = await store.lease(id);
    assert.deepEqual(state, { id, ttl_s: 600, keys: ['/l/a', '/l/b'] });
    assert.ok(left_s > 500 && left_s <= 600, `${left_s} s are left`);
    await store.keepLeaseAlive(id);
    const after = await store.revision();
    const { seen, hear, until } = collector();
    using _watch = await store.watch('/l/', after, hear);
    await store.revokeLease(id);
    await until(2);
    assert.deepEqual(
      seen.map((event) => event.type === 'delete' && [event.key, event.revision, event.previous.lease]),
      [
        ['/l/a', after + 1, id],
        ['/l/b', after + 1, id],
      ],
    );
    assert.deepEqual(
      (await store.range('/l/')).items.map(({ key, lease }) => [key, lease]),
      [['/l/c', undefined]],
    );
    const put = () => store.put('/l/e', bytes('x'), { lease: id });
    for (const refused of [() => store.lease(id), () => store.keepLeaseAlive(id), () => store.revokeLease(id), put])
      await assert.rejects(refused, code('LEASE_NOT_FOUND'));
    await assert.rejects(store.transact([{ key: '/l/e', value: bytes('x'), lease: id }]), code('LEASE_NOT_FOUND'));
    assert.equal(await store.revision(), after + 1);
  });

  check('ends a lease when its time has come, and not while it is kept alive', async (store) => {
    const kept = await store.grantLease(3);
    await store.put('/kept', bytes('x'), { lease: kept.id });
    const left = await store.grantLease(3);
    await store.put('/left', bytes('x'), { lease: left.id });
    const ended = Promise.withResolvers<void>();
    let isEnded = false;
    using _watch = await store.watch('/left', await store.revision(), () => {
      isEnded = true;
      ended.resolve();
    });
    while (!isEnded) {
      await store.keepLeaseAlive(kept.id);
      await Promise.race([ended.promise, systemClock.sleep(100)]);
    }
    assert.equal(await store.get('/left'), undefined);
    assert.equal((await store.get('/kept'))?.lease, kept.id);
    await assert.rejects(store.lease(left.id), code('LEASE_NOT_FOUND'));
  });

  if (openLimited) limitContract(name, openLimited);
  watchContract(name, open, { runs, ...skipping });
  modelContract(name, open, { runs, ...skipping });
}

function limitContract(name: string, open: (historyLimit: number) => Promise<Store>): void {
  test(`${name}: looks back no further than its limit`, async () => {
    const store = await open(8);
    for (let i = 0; i < 40; i++) await store.put('/a', bytes(String(i)));
    await assert.rejects(store.get('/a', 10), code('COMPACTED'));
    assert.equal(text((await store.get('/a', 36))?.value), '35');
    await store.close();
  });
}

type Tried = { readonly runs: number; readonly skip?: string };

function watchContract(name: string, open: () => Promise<Store>, { runs, ...skipping }: Tried): void {
  test(`${name}: a watch loses nothing, doubles nothing and keeps the order, under several writers and compaction`, skipping, async () => {
    const write = fc.record({ key: fc.constantFrom('/w/a', '/w/b', '/x/c'), deletes: fc.boolean() });
    const writers = fc.array(fc.array(write, { maxLength: 8 }), { minLength: 2, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(writers, fc.nat(10), async (all, compactAfter) => {
        const store = await open();
        const after = await store.revision();
        const { seen, hear, until } = collector();
        using _watch = await store.watch('/w/', after, hear);
        const done: number[] = [];
        const work = all.map(async (writes) => {
          for (const { key, deletes } of writes) {
            const revision = deletes ? (await store.delete(key))?.revision : (await store.put(key, bytes(key))).modRevision;
            if (revision !== undefined && key.startsWith('/w/')) done.push(revision);
            // What was told may be forgotten; a watch that is behind could lose by it.
            const told = seen.at(-1);
            if (done.length === compactAfter && told) await store.compact(revisionOf(told));
          }
        });
        await Promise.all(work);
        await until(done.length);
        assert.deepEqual(
          seen.map(revisionOf),
          done.sort((a, b) => a - b),
        );
        await store.close();
      }),
      { numRuns: runs },
    );
  });
}

function modelContract(name: string, open: () => Promise<Store>, { runs, ...skipping }: Tried): void {
  test(`${name}: does what a plain map with a history does`, skipping, async () => {
    const key = fc.constantFrom('/m/a', '/m/b', '/n/c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), key, value: fc.string({ maxLength: 4 }) }),
      fc.record({ do: fc.constant('delete' as const), key, value: fc.constant('') }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const store = await open();
        const before = await store.revision();
        const model = new Map<string, string>();
        const history = [new Map(model)];
        for (const { do: what, key: at, value } of steps) {
          if (what === 'put') await store.put(at, bytes(value));
          else if ((await store.delete(at)) === undefined) continue;
          if (what === 'put') model.set(at, value);
          else model.delete(at);
          history.push(new Map(model));
        }
        for (const [index, then] of history.entries()) {
          const { items } = await store.range('/m/', { revision: before + index });
          const expected = [...then].filter(([k]) => k.startsWith('/m/')).sort(([a], [b]) => (a < b ? -1 : 1));
          assert.deepEqual(
            items.map((item) => [item.key, text(item.value)]),
            expected,
          );
        }
        await store.close();
      }),
      { numRuns: runs },
    );
  });
}
