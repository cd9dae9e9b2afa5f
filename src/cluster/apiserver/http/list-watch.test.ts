import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { openMemoryStore } from '#cluster/store';
import { systemClock } from '#kit';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { at, type Https, httpsOf } from '../testkit/https.ts';
import { ask, configMap, pod, startTestServer } from '../testkit/server.ts';

const COLLECTION = '/api/v1/namespaces/default/configmaps';
const PARTIAL = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

describe('lists and watches by HTTPS', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  const store = openMemoryStore();
  /** The revision after each of the objects a, b, c was made. */
  const revisions: string[] = [];
  before(async () => {
    // What an earlier server wrote, this one has not seen happen.
    await (await startTestServer({ store: await store })).stop();
    // Who waits for a revision waits a hundredth of the time.
    const clock = { ...systemClock, setTimer: (delay_ms: number, callback: () => void) => systemClock.setTimer(delay_ms / 100, callback) };
    server = await startTestServer({ clock, store: await store, tokens: new Map([['word', { name: 'admin', groups: ['system:masters'] }]]) });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
    for (const name of ['a', 'b', 'c']) {
      const made = await call('POST', COLLECTION, { 'content-type': 'application/json' }, JSON.stringify(configMap(name)));
      revisions.push(String(at(made.json(), 'metadata.resourceVersion')));
    }
    await ask(server, 'create', 'pods', { namespace: 'default', body: pod('web') });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });
  const list = async (query: string) => (await call('GET', `${COLLECTION}?${query}`)).json();
  const namesOf = (answer: unknown) => (at(answer, 'items') as unknown[]).map((item) => at(item, 'metadata.name'));

  test('a list is of the revision that was asked for', async () => {
    const at_b = revisions[1] ?? '';
    const past = await list(`resourceVersion=${at_b}&resourceVersionMatch=Exact`);
    assert.deepEqual([namesOf(past), at(past, 'metadata.resourceVersion')], [['a', 'b'], at_b]);
    assert.deepEqual(namesOf(await list(`resourceVersion=${at_b}`)), ['a', 'b', 'c']);
    const piece = await list(`resourceVersion=${at_b}&limit=1`);
    assert.deepEqual([namesOf(piece), at(piece, 'metadata.remainingItemCount')], [['a'], 1]);
  });
  test('one that has not come is waited for, and then refused with 504', async () => {
    for (const query of ['resourceVersion=999999', 'resourceVersion=999999&resourceVersionMatch=Exact']) {
      const answer = await call('GET', `${COLLECTION}?${query}`);
      assert.deepEqual([answer.status, answer.headers['retry-after']], [504, '1']);
      assert.match(answer.text, /"message":"Timeout: Too large resource version: 999999, current: \d+".*"reason":"ResourceVersionTooLarge"/);
    }
    const [event] = await call.lines(`${COLLECTION}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=999999`, 1);
    assert.deepEqual([at(event, 'type'), at(event, 'object.code')], ['ERROR', 504]);
  });
  test('the first of two values counts, and the word watch is enough', async () => {
    assert.deepEqual(namesOf(await list('limit=1&limit=2')), ['a']);
    const [event] = await call.lines(`${COLLECTION}?watch`, 1);
    assert.equal(at(event, 'type'), 'ADDED');
    const [first] = await call.lines('/api/v1/watch/namespaces/default/configmaps/b', 1);
    assert.equal(at(first, 'object.metadata.name'), 'b');
  });
  test('selectors that can’t be are refused', async () => {
    for (const [query, words] of [
      ['fieldSelector=data.x%3D1', 'is not a known field selector: only'],
      ['labelSelector=a%20in%20(b', 'unable to parse requirement'],
      ['limit=x', 'strconv.ParseInt: parsing'],
      ['resourceVersionMatch=Exact', 'ListOptions.meta.k8s.io'],
    ] as const) {
      const answer = await call('GET', `${COLLECTION}?${query}`);
      assert.ok(answer.status === 400 || answer.status === 422, query);
      assert.ok(answer.text.includes(words), answer.text);
    }
  });
  test('a watch gives metadata alone, or rows with the columns said once', async () => {
    const query = '/api/v1/namespaces/default/pods?watch=1&allowWatchBookmarks=1';
    const [added, mark] = await call.lines(query, 2, { accept: PARTIAL });
    assert.deepEqual(Object.keys(at(added, 'object') as object), ['apiVersion', 'kind', 'metadata']);
    assert.deepEqual(
      [at(mark, 'type'), at(mark, 'object.kind'), at(mark, 'object.metadata.annotations')],
      ['BOOKMARK', 'PartialObjectMetadata', { 'k8s.io/initial-events-end': 'true' }],
    );
    const [row, end] = await call.lines(query, 2, { accept: TABLE });
    assert.deepEqual([at(row, 'object.kind'), at(row, 'object.columnDefinitions.0.name'), at(row, 'object.rows.0.cells.0')], ['Table', 'Name', 'web']);
    assert.deepEqual([at(end, 'type'), at(end, 'object.columnDefinitions'), at(end, 'object.rows')], ['BOOKMARK', null, []]);
  });
  test('a watch from a revision that isn’t known ends with 410 as its only event; it ends in its time', async () => {
    const answer = await call('GET', `${COLLECTION}?watch=1&resourceVersion=1&timeoutSeconds=60`);
    assert.equal(answer.status, 200);
    assert.match(
      answer.text,
      /^\{"type":"ERROR","object":\{"kind":"Status",.*"message":"too old resource version: 1 \(\d+\)","reason":"Expired","code":410\}\}\n$/,
    );
    const began = performance.now();
    const ended = await call('GET', `${COLLECTION}?watch=1&resourceVersion=${revisions[2]}&timeoutSeconds=1`);
    assert.deepEqual([ended.status, ended.text], [200, '']);
    assert.ok(performance.now() - began < 5000);
  });
  test('a list whose beginning is forgotten goes on with what there is now, when its client wants that', async () => {
    const first = await list('limit=1');
    await call('DELETE', `${COLLECTION}/b`);
    await (await store).compact(await (await store).revision());
    const refused = await call('GET', `${COLLECTION}?limit=1&continue=${String(at(first, 'metadata.continue'))}`);
    assert.deepEqual([refused.status, at(refused.json(), 'reason')], [410, 'Expired']);
    const rest = await list(`limit=1&continue=${String(at(refused.json(), 'metadata.continue'))}`);
    assert.deepEqual(namesOf(rest), ['c']);
  });
});

test('who does not read for a while gets all in order, framed as HTTP wants it; HEAD gets nothing', async () => {
  await using server = await startTestServer({ tokens: new Map([['word', { name: 'admin', groups: ['system:masters'] }]]) });
  await using kubectl = await connectKubectl(server);
  const call = httpsOf(kubectl.url, 'word');
  const count = 200;
  const watch = await call.open(`${COLLECTION}?watch=true&labelSelector=large`);
  const waiting = watch.pause().readableLength;
  for (let index = 0; index < count; index += 1) {
    const body = { ...configMap(`large-${index}`, { text: 'ü'.repeat(30_000) }), metadata: { name: `large-${index}`, labels: { large: '' } } };
    await ask(server, 'create', 'configmaps', { namespace: 'default', body });
  }
  assert.ok(watch.readableLength - waiting < count * 30_000);
  const names: unknown[] = [];
  for await (const line of createInterface({ input: watch })) {
    names.push(at(JSON.parse(line), 'object.metadata.name'));
    if (names.length === count) break;
  }
  watch.destroy();
  assert.deepEqual(
    names,
    Array.from({ length: count }, (_, index) => `large-${index}`),
  );
  assert.equal((await call('HEAD', `${COLLECTION}?watch=true&timeoutSeconds=1`)).bytes.length, 0);
});
