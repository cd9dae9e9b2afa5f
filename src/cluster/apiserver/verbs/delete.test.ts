import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StatusError } from '#cluster/api';
import { ask, askObject, configMap, pod, startTestServer } from '../testkit/server.ts';

/** Outcomes and words of a kube-apiserver 1.36. */
describe('what a deletion may say', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  before(async () => {
    server = await startTestServer();
    await ask(server, 'create', 'configmaps', { namespace: 'default', body: configMap('a') });
  });
  after(() => server[Symbol.asyncDispose]());
  const remove = (body: object | undefined, query: Record<string, string> = {}) =>
    ask(server, 'delete', 'configmaps', { namespace: 'default', name: 'a', query, ...(body && { body }) });

  test('what can not be is refused', async () => {
    const head = 'DeleteOptions.meta.k8s.io "" is invalid: ';
    const unknown = 'propagationPolicy: Unsupported value: "Foo": supported values: "Foreground", "Background", "Orphan", "nil"';
    const rows: readonly (readonly [body: object | undefined, query: Record<string, string>, status: number, words: string | RegExp])[] = [
      [{ propagationPolicy: 'Foo' }, {}, 422, head + unknown],
      [undefined, { propagationPolicy: 'Foo' }, 422, head + unknown],
      [
        { propagationPolicy: 'Orphan', orphanDependents: true },
        {},
        422,
        `${head}propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set`,
      ],
      [{ dryRun: ['Foo'] }, {}, 422, `${head}dryRun: Unsupported value: ["Foo"]: supported values: "All"`],
      [{ kind: 'ConfigMap', apiVersion: 'v1' }, {}, 400, /^no kind "ConfigMap" is registered for version "v1"/],
      [[], {}, 400, /^couldn't get version\/kind/],
      [{ gracePeriodSeconds: 'x' }, {}, 400, /gracePeriodSeconds can not be "x"$/],
      [
        { preconditions: { uid: 'x' } },
        {},
        409,
        /^Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition \(x\) .* deleted and then recreated$/,
      ],
      [{ preconditions: { resourceVersion: '1' } }, {}, 409, /The object might have been modified$/],
    ];
    for (const [body, query, status, words] of rows) {
      const outcome = await remove(body, query).catch((error: unknown) => error);
      assert.ok(outcome instanceof StatusError, JSON.stringify(body));
      assert.equal(outcome.status, status);
      if (words instanceof RegExp) assert.match(outcome.message, words);
      else assert.equal(outcome.message, words);
    }
  });
  test('a dry run may be said twice, and removes nothing', async () => {
    await remove({ dryRun: ['All', 'All'] });
    await askObject(server, 'get', 'configmaps', { namespace: 'default', name: 'a' });
  });
  test('the write that takes the last finalizer away is answered with what it wrote', async () => {
    await ask(server, 'create', 'configmaps', { namespace: 'default', body: { ...configMap('f'), metadata: { name: 'f', finalizers: ['a.b/c'] } } });
    await ask(server, 'delete', 'configmaps', { namespace: 'default', name: 'f' });
    const patch = { body: { metadata: { finalizers: null } }, contentType: 'application/merge-patch+json' };
    assert.equal((await askObject(server, 'patch', 'configmaps', { namespace: 'default', name: 'f', ...patch })).metadata.finalizers, undefined);
  });
  test('Jobs leave their Pods behind unless one asks otherwise', async () => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'i' }] } };
    const body = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: { template } };
    const resource = { group: 'batch', version: 'v1', resource: 'jobs' };
    await ask(server, 'create', 'jobs', { namespace: 'default', body, ...{ resource } });
    const gone = await askObject(server, 'delete', 'jobs', { namespace: 'default', name: 'j', ...{ resource } });
    assert.deepEqual(gone.metadata.finalizers, ['orphan']);
  });
});

describe('the deletion of a Pod', () => {
  const inDefault = { namespace: 'default' };
  const given = ({ metadata }: Awaited<ReturnType<typeof askObject>>) => [metadata.deletionGracePeriodSeconds, metadata.generation, metadata.finalizers];
  async function withPod(name: string, nodeName?: string, finalizers: string[] = []) {
    const server = await startTestServer();
    const plain = pod(name, nodeName === undefined ? {} : { nodeName });
    const made = { ...plain, metadata: { ...plain.metadata, finalizers } };
    await ask(server, 'create', 'pods', { ...inDefault, body: made });
    return server;
  }

  test('that takes no time is told before it is done', async () => {
    await using server = await withPod('p');
    const watch = await ask(server, 'watch', 'pods', { ...inDefault, query: { timeoutSeconds: '60' } });
    assert.ok(watch.kind === 'watch');
    const gone = await askObject(server, 'delete', 'pods', { ...inDefault, name: 'p' });
    assert.ok(gone.metadata.deletionTimestamp);
    assert.deepEqual(given(gone), [0, 2, undefined]);
    const seen: string[] = [];
    for await (const event of watch.events) {
      assert.ok('deletionGracePeriodSeconds' in event.object.metadata || event.type === 'ADDED', event.type);
      seen.push(event.type);
      if (event.type !== 'DELETED') continue;
      assert.equal(event.object.metadata.resourceVersion, gone.metadata.resourceVersion);
      break;
    }
    assert.deepEqual(seen, ['ADDED', 'MODIFIED', 'DELETED']);
  });
  test('with time left can only be hastened, and its finalizers stay', async () => {
    await using server = await withPod('p', 'n', ['a.b/c']);
    const remove = async (query: Record<string, string>) => given(await askObject(server, 'delete', 'pods', { ...inDefault, name: 'p', query }));
    assert.deepEqual(await remove({}), [30, 2, ['a.b/c']]);
    assert.deepEqual(await remove({ propagationPolicy: 'Foreground' }), [30, 2, ['a.b/c']]);
    assert.deepEqual(await remove({ gracePeriodSeconds: '40' }), [30, 2, ['a.b/c']]);
    assert.deepEqual(await remove({ gracePeriodSeconds: '10' }), [10, 2, ['a.b/c']]);
    assert.deepEqual(await remove({ gracePeriodSeconds: '0' }), [0, 2, ['a.b/c']]);
  });
  test('that waits for its end, and was to take its dependents along, is only accepted', async () => {
    await using server = await withPod('p', 'n');
    const answer = await ask(server, 'delete', 'pods', { ...inDefault, name: 'p', body: { orphanDependents: false } });
    assert.equal(answer.kind === 'object' && answer.status, 202);
  });
});

test('of a collection no more is deleted than one asks for', async () => {
  await using server = await startTestServer();
  for (const name of ['a', 'b', 'c']) await ask(server, 'create', 'configmaps', { namespace: 'default', body: configMap(name) });
  const first = await ask(server, 'deletecollection', 'configmaps', { namespace: 'default', query: { limit: '2' } });
  assert.ok(first.kind === 'list');
  assert.deepEqual([first.list.items.map(({ metadata }) => metadata.name), first.list.metadata.remainingItemCount], [['a', 'b'], 1]);
  const left = await ask(server, 'list', 'configmaps', { namespace: 'default' });
  assert.deepEqual(left.kind === 'list' && left.list.items.map(({ metadata }) => metadata.name), ['c']);
});
