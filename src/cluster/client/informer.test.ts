import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiHandler, type ApiRequest, type ApiResponse, expired, type KubeObject, type WatchEvent } from '#cluster/api';
import { createLogger, FakeClock, silentLogger, systemClock } from '#kit';
import { inProcessClient } from './handler-client.ts';
import { createInformer } from './informer.ts';
import { PODS } from './refs.ts';

const random = { bytes: (count: number) => new Uint8Array(count), hex: (length: number) => '0'.repeat(length), fraction: () => 0 };
const pod = (name: string, revision: number, uid = name): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', uid, resourceVersion: String(revision) },
});

/** Answers lists and watches from a script, one entry a request. */
function scripted(script: readonly (readonly KubeObject[] | readonly WatchEvent[] | Error)[]): ApiHandler & { readonly asked: ApiRequest[] } {
  const asked: ApiRequest[] = [];
  return {
    asked,
    async handle(request): Promise<ApiResponse> {
      const entry = script[asked.length];
      asked.push(request);
      if (entry instanceof Error) throw entry;
      if (request.verb === 'list')
        return {
          kind: 'list',
          list: { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: String(asked.length * 100) }, items: (entry ?? []) as readonly KubeObject[] },
        };
      return { kind: 'watch', events: events((entry ?? []) as readonly WatchEvent[], entry === undefined ? request.signal : undefined) };
    },
  };
}

async function* events(list: readonly WatchEvent[], until: AbortSignal | undefined): AsyncGenerator<WatchEvent> {
  yield* list;
  if (until && !until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
}

test('an informer goes on where a watch ended, and lists anew when its revision is forgotten', async () => {
  const bookmark: WatchEvent = { type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Pod', metadata: { resourceVersion: '107' } } };
  const handler = scripted([
    [pod('a', 1), pod('b', 2)],
    [{ type: 'MODIFIED', object: pod('a', 105) }, { type: 'DELETED', object: pod('b', 106) }, bookmark],
    [{ type: 'ERROR', object: expired('too old').body }],
    [pod('a', 1, 'another'), pod('c', 3)],
  ]);
  const informer = createInformer(inProcessClient(handler, { name: 'x', groups: [] }), PODS, { clock: systemClock, logger: silentLogger, random });
  const told: string[] = [];
  const all = Promise.withResolvers<void>();
  informer.onChange(({ type, object }) => {
    told.push(`${type} ${object.metadata.name}`);
    if (told.length === 7) all.resolve();
  });
  await informer.start();
  assert.ok(informer.synced);
  await all.promise;
  assert.deepEqual(told, ['added a', 'added b', 'updated a', 'deleted b', 'deleted a', 'added a', 'added c']);
  await new Promise(setImmediate);
  assert.deepEqual(
    handler.asked.map(({ verb, query }) => `${verb} ${query.resourceVersion ?? ''}`),
    ['list ', 'watch 100', 'watch 107', 'list ', 'watch 400'],
  );
  await informer.stop();
});

test('a server that fails is not stormed, and a stop ends the waiting', async () => {
  const handler = scripted(Array.from({ length: 100 }, () => new Error('away')));
  const waits: number[] = [];
  const clock = {
    ...systemClock,
    sleep: (delay_ms: number, signal?: AbortSignal) => (waits.push(delay_ms) < 8 ? Promise.resolve() : systemClock.sleep(60_000, signal)),
  };
  const informer = createInformer(inProcessClient(handler, { name: 'x', groups: [] }), PODS, { clock, logger: silentLogger, random });
  const started = assert.rejects(informer.start(), { code: 'INFORMER_STOPPED' });
  while (waits.length < 8) await new Promise(setImmediate);
  await informer.stop();
  await started;
  assert.deepEqual(waits, [50, 100, 200, 400, 800, 1600, 3200, 6400]);
});

test('a handler that throws is reported with the object, and told again until it succeeds; a later change of the object takes its place', async () => {
  const handler = scripted([[pod('a', 1), pod('b', 2)]]);
  const clock = new FakeClock();
  const lines: string[] = [];
  const logger = createLogger({ level: 'error', clock, write: (line) => lines.push(line) });
  const informer = createInformer(inProcessClient(handler, { name: 'x', groups: [] }), PODS, { clock, logger, random });
  const told: string[] = [];
  informer.onChange(({ object: { metadata } }) => {
    told.push(metadata.name ?? '');
    if (metadata.name === 'a' && told.length < 4) throw new Error('not now');
  });
  await informer.start();
  assert.deepEqual(told, ['a', 'b']);
  assert.match(lines[0] ?? '', /"resource":"pods","object":"n\/a","change":"added","failures":1,"error":.*not now/);
  await clock.advance(10_000, async () => {});
  assert.deepEqual(told, ['a', 'b', 'a', 'a'], 'twice more, then it was taken');
  await informer.stop();
});
