import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { openEtcdStore, openLmdbStore, type Store } from '#cluster/store';
import { systemClock } from '#kit';
import { etcdMissing, startTestEtcd } from '../src/cluster/store/etcd/etcd.testing.ts';
import { report } from './support/report.ts';

// The cluster's store, and where etcd is installed one member of it through the same interface, as JSON lines:
// `bin/with-node bench/store.ts [--rounds 3]`. Needs no root.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Array.from({ length: Number(values.rounds) }, (_, round) => round);
const VALUE = Buffer.alloc(1024, 'x');
const [WATCHERS, OBJECTS, SECONDS] = [1000, 50_000, 2];

interface Peer {
  readonly store: Store;
  /** Left out for Gantry's own. */
  readonly of?: string;
}

const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-store-'));
const path = join(folder, 'store.lmdb');
const lmdb = await openLmdbStore({ path });
const missing = etcdMissing();
if (missing !== undefined) process.stderr.write(`without etcd: ${missing}\n`);
const etcd = missing === undefined ? await startTestEtcd() : undefined;
const peers: Peer[] = [{ store: lmdb }];
if (etcd) peers.push({ store: await openEtcdStore({ endpoints: etcd.endpoints, clock: systemClock }), of: 'etcd' });

for (const peer of peers) {
  await writes(peer, 1, 1200);
  await writes(peer, 64, 6000);
  await oneToAll(peer);
}
for (const { store } of peers) await store.close();
await etcd?.[Symbol.asyncDispose]();
await start();
await rm(folder, { recursive: true });

async function writes({ store, of }: Peer, clients: number, reachFor: number): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const perSecond: number[] = [];
  for (const round of rounds) {
    const begun = performance.now();
    let done = 0;
    const client = async (number: number) => {
      while (performance.now() - begun < SECONDS * 1000)
        await store.put(`/registry/core/configmaps/${clients}/${round}-${number}-${done++}`, VALUE, { expected: 0 });
    };
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    perSecond.push((done / (performance.now() - begun)) * 1000);
  }
  delay.disable();
  report({ what: `durable creates of 1 KB, ${clients} at once`, unit: '1/s', values: perSecond, reachFor, more: true, ...named(of) });
  if (of === undefined) report({ what: `event-loop delay meanwhile, p99`, unit: 'ms', values: [delay.percentile(99) / 1e6], reachFor: 20 });
}

async function oneToAll({ store, of }: Peer): Promise<void> {
  const key = '/registry/core/configmaps/watched/a';
  await store.put(key, VALUE);
  let left = 0;
  let all = Promise.withResolvers<void>();
  const hear = () => {
    left -= 1;
    if (left === 0) all.resolve();
  };
  const after = await store.revision();
  const watches = await Promise.all(Array.from({ length: WATCHERS }, () => store.watch(key, after, hear)));
  const times: number[] = [];
  for (const _ of [...rounds, ...rounds, ...rounds]) {
    left = WATCHERS;
    all = Promise.withResolvers();
    const begun = performance.now();
    await store.put(key, VALUE);
    await all.promise;
    times.push(performance.now() - begun);
  }
  for (const watch of watches) watch[Symbol.dispose]();
  report({ what: `a change, durable and told to ${WATCHERS} watchers`, unit: 'ms', values: times, reachFor: 10, ...named(of) });
}

async function start(): Promise<void> {
  const place = join(folder, 'start.lmdb');
  const full = await openLmdbStore({ path: place });
  const keys = Array.from({ length: OBJECTS }, (_, index) => `/registry/core/pods/default/${(index * 7919) % OBJECTS}`);
  await Promise.all(keys.map((key) => full.put(key, VALUE, { expected: 0 })));
  await full.close();
  const times: number[] = [];
  for (const _ of rounds) {
    const begun = performance.now();
    const store = await openLmdbStore({ path: place });
    await store.range('');
    times.push(performance.now() - begun);
    await store.close();
  }
  report({ what: `open a store of ${OBJECTS} objects of 1 KB and read all`, unit: 'ms', values: times, reachFor: 1000 });
}

function named(of: string | undefined): { readonly of?: string } {
  return of === undefined ? {} : { of };
}
