import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { KubeObject } from '#cluster/api';
import { openMemoryStore, type Store, type StoreEvent } from '#cluster/store';
import { seededRandom } from '#kit';
import { type Https, httpsOf } from '../testkit/https.ts';
import { connectKubectl } from '../testkit/kubectl.ts';
import { ask, configMap, startTestServer } from '../testkit/server.ts';

const SEED = Number(process.env.GANTRY_SEED ?? Math.floor(Math.random() * 1_000_000));
const ADMIN = { name: 'admin', groups: ['system:masters'] };
const PATH = '/api/v1/namespaces/default/configmaps';
const PREFIX = '/registry/core/configmaps/default/';
const NAMES = Array.from({ length: 12 }, (_, index) => `map-${index}`);
const [WRITERS_HTTP, WRITES_HTTP, WRITERS, WRITES] = [3, 60, 3, 2400];
const LAST = 'the-last';

/** One thing that a watcher is told, or must be. */
type Told = readonly [type: string, name: string, revision: number];
interface Heard {
  readonly told: readonly Told[];
  /** What was skipped because it was forgotten: after the first revision, up to the second. */
  readonly jumps: readonly (readonly [number, number])[];
}
type Labelled = KubeObject & { metadata: { labels?: Record<string, string> } };

const parsed = (value: Uint8Array) => JSON.parse(Buffer.from(value).toString()) as Labelled; // as the API server wrote it
const isEven = ({ metadata }: Labelled) => metadata.labels?.even === 'true';

/** What a watcher must be told of the store's own history. */
function wanted(history: readonly StoreEvent[], matches: (object: Labelled) => boolean): Told[] {
  return history.flatMap((event): Told[] => {
    const before = event.previous !== undefined && matches(parsed(event.previous.value));
    const [key, revision] = event.type === 'put' ? [event.item.key, event.item.modRevision] : [event.key, event.revision];
    const now = event.type === 'put' && matches(parsed(event.item.value));
    if (!before && !now) return [];
    return [[now ? (before ? 'MODIFIED' : 'ADDED') : 'DELETED', key.slice(PREFIX.length), revision]];
  });
}

/** Writes at random; a name that is taken or gone is a write that was not. */
async function write(random: () => number, count: number, send: (verb: 'create' | 'update' | 'delete', name: string, body: KubeObject) => Promise<unknown>) {
  for (let number = 0; number < count; number += 1) {
    const name = NAMES[Math.floor(random() * NAMES.length)] ?? '';
    const verb = (['create', 'update', 'update', 'delete'] as const)[Math.floor(random() * 4)] ?? 'update';
    const labels = { even: String(random() < 0.5) };
    const body = { ...configMap(name, { number: String(number) }), metadata: { name, labels } };
    await send(verb, name, body);
  }
}

/** Once `awake`, watches until the last object is told, breaking off and going on where it was, again and again. */
async function watch(call: Https, random: () => number, selector: string, awake: Promise<unknown>): Promise<Heard & { readonly from: number }> {
  const [told, jumps]: [Told[], [number, number][]] = [[], []];
  const read = async () => {
    const { metadata, items } = (await call('GET', PATH)).json() as { metadata: { resourceVersion: string }; items: KubeObject[] }; // a list
    return { revision: Number(metadata.resourceVersion), isOver: items.some((item) => item.metadata.name === LAST) };
  };
  const { revision: from } = await read();
  await awake;
  for (let at = from; ; ) {
    const response = await call.open(`${PATH}?watch=true&allowWatchBookmarks=true&resourceVersion=${at}${selector}`);
    const outcome = await follow(response, told, 1 + Math.floor(random() * 150));
    if (outcome.isOver) return { told, jumps, from };
    at = Math.max(at, outcome.at);
    if (outcome.isForgotten) {
      const now = await read();
      jumps.push([at, now.revision]);
      if (now.isOver) return { told, jumps, from };
      at = now.revision;
    }
  }
}

async function follow(response: IncomingMessage, told: Told[], count: number): Promise<{ at: number; isOver: boolean; isForgotten: boolean }> {
  let at = 0;
  try {
    let left = count;
    for await (const line of createInterface({ input: response })) {
      const { type, object } = JSON.parse(line) as { type: string; object: KubeObject & { code?: number } }; // a line of a watch
      if (type === 'ERROR') {
        assert.equal(object.code, 410);
        return { at, isOver: false, isForgotten: true };
      }
      at = Number(object.metadata.resourceVersion);
      if (type === 'BOOKMARK') continue;
      if (object.metadata.name === LAST) return { at, isOver: true, isForgotten: false };
      told.push([type, object.metadata.name ?? '', at]);
      if (--left === 0) break;
    }
    return { at, isOver: false, isForgotten: false };
  } finally {
    response.destroy();
  }
}

/** Forgets what is past, again and again, until it is told to stop. */
function compacting(store: Store, random: () => number): { stop(): Promise<void> } {
  let isStopped = false;
  const work = (async () => {
    while (!isStopped) {
      await new Promise((resolve) => setTimeout(resolve, random() * 20));
      await store.compact(await store.revision());
    }
  })();
  return {
    stop() {
      isStopped = true;
      return work;
    },
  };
}

test(`watches by HTTP that break off and go on lose nothing, double nothing and keep the order, under writers and compaction (GANTRY_SEED=${SEED})`, async () => {
  const { fraction: random } = seededRandom(SEED);
  const store = await openMemoryStore();
  await using server = await startTestServer({ store, tokens: new Map([['word', ADMIN]]) });
  await using kubectl = await connectKubectl(server);
  const call = httpsOf(kubectl.url, 'word');
  const history: StoreEvent[] = [];
  using _truth = await store.watch(PREFIX, await store.revision(), (events) => history.push(...events));
  const selective = '&labelSelector=even%3Dtrue';
  // One sleeps until all is written: what it knew is forgotten then.
  const written = Promise.withResolvers<void>();
  const watchers = ['', '', '', selective, selective].map((selector, index) =>
    watch(call, random, selector, index === 0 ? written.promise : Promise.resolve()),
  );
  const compaction = compacting(store, random);
  const json = { 'content-type': 'application/json' };
  const byHttp = Array.from({ length: WRITERS_HTTP }, () =>
    write(random, WRITES_HTTP, (verb, name, body) => {
      if (verb === 'create') return call('POST', PATH, json, JSON.stringify(body));
      return call(verb === 'update' ? 'PUT' : 'DELETE', `${PATH}/${name}`, json, verb === 'update' ? JSON.stringify(body) : undefined);
    }),
  );
  const inProcess = Array.from({ length: WRITERS }, () =>
    write(random, WRITES, async (verb, name, body) => {
      // What is taken or gone is refused, and changes nothing.
      await ask(server, verb, 'configmaps', { namespace: 'default', ...(verb === 'create' ? { body } : { name, body }) }).catch(() => undefined);
      if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
    }),
  );
  await Promise.all([...byHttp, ...inProcess]);
  const end = { ...configMap(LAST), metadata: { name: LAST, labels: { even: 'true' } } };
  await ask(server, 'create', 'configmaps', { namespace: 'default', body: end });
  written.resolve();
  const heard = await Promise.all(watchers);
  await compaction.stop();
  assert.ok((heard[0]?.jumps.length ?? 0) > 0, `nothing was forgotten of ${history.length} changes`);
  for (const [index, { told, jumps, from }] of heard.entries()) {
    const isSkipped = ([, , revision]: Told) => revision <= from || jumps.some(([after, upTo]) => revision > after && revision <= upTo);
    const all = wanted(history, index < 3 ? () => true : isEven).filter(([, name]) => name !== LAST);
    assert.deepEqual(
      told,
      all.filter((one) => !isSkipped(one)),
      `watcher ${index}`,
    );
  }
});
