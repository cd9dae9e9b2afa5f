import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { StatusError } from '#cluster/api';
import { ask, askObject, configMap, startTestServer } from '../testkit/server.ts';

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
