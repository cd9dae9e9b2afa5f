import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type KubeObject, StatusError, type WatchEvent } from '#cluster/api';
import { openMemoryStore } from '#cluster/store';
import { ask, askObject, configMap, pod, startTestServer } from './testkit/server.ts';

type Server = Awaited<ReturnType<typeof startTestServer>>;
const inDefault = { namespace: 'default' };
const merge = 'application/merge-patch+json';

/** Rejects with that code and words. */
async function refused(request: Promise<unknown>, code: number, words: RegExp): Promise<void> {
  await assert.rejects(request, (error) => {
    assert.ok(error instanceof StatusError, String(error));
    assert.equal(error.body.code, code, error.message);
    assert.match(error.message, words);
    return true;
  });
}
async function watchOf(server: Server, resource: string, query: Record<string, string>, namespace = 'default') {
  const answer = await ask(server, 'watch', resource, { namespace, query });
  assert.equal(answer.kind, 'watch');
  const iterator = (answer as Extract<typeof answer, { kind: 'watch' }>).events[Symbol.asyncIterator]();
  return async (): Promise<WatchEvent | undefined> => (await iterator.next()).value as WatchEvent | undefined;
}
async function names(server: Server, resource: string, query: Record<string, string> = {}, namespace?: string) {
  const answer = await ask(server, 'list', resource, { query, ...(namespace === undefined ? {} : { namespace }) });
  assert.equal(answer.kind, 'list');
  const { list } = answer as Extract<typeof answer, { kind: 'list' }>;
  return { names: list.items.map((item) => item.metadata.name), ...list.metadata };
}
const bind = (server: Server, name: string, node = 'n1') =>
  ask(server, 'create', 'pods', { ...inDefault, name, subresource: 'binding', body: { target: { kind: 'Node', name: node } } });

describe('a new cluster', () => {
  test('has its namespaces', async () => {
    await using server = await startTestServer();
    assert.deepEqual((await names(server, 'namespaces')).names, ['default', 'kube-node-lease', 'kube-public', 'kube-system']);
  });
  test('keeps what it had when the server starts again on its store', async () => {
    const store = await openMemoryStore();
    const first = await startTestServer({ store });
    const made = await askObject(first, 'create', 'configmaps', { ...inDefault, body: configMap('a', { x: '1' }) });
    await first.stop();
    await using second = await startTestServer({ store });
    assert.deepEqual(await askObject(second, 'get', 'configmaps', { ...inDefault, name: 'a' }), made);
  });
});

describe('create', () => {
  test('is seen by the next read', async () => {
    await using server = await startTestServer();
    const made = await askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    assert.equal(await askObject(server, 'get', 'configmaps', { ...inDefault, name: 'a' }), made);
    assert.ok(Object.isFrozen(made) && Object.isFrozen(made.metadata));
  });
  test('refuses a name that is taken, a namespace that is not there, an object without a name', async () => {
    await using server = await startTestServer();
    const create = (body: KubeObject, namespace = 'default') => ask(server, 'create', 'configmaps', { namespace, body });
    await create(configMap('a'));
    await refused(create(configMap('a')), 409, /configmaps "a" already exists/);
    await refused(create(configMap('a'), 'nowhere'), 404, /namespaces "nowhere" not found/);
    await refused(create({ ...configMap('x'), metadata: {} }), 422, /name or generateName is required/);
    await refused(create({ ...configMap('x'), metadata: { name: 'x', namespace: 'other' } }), 400, /does not match the namespace/);
  });
  test('generates a name', async () => {
    await using server = await startTestServer();
    const made = await askObject(server, 'create', 'configmaps', { ...inDefault, body: { ...configMap(''), metadata: { generateName: 'job-' } } });
    assert.match(made.metadata.name ?? '', /^job-[a-z0-9]{5}$/);
  });
  test('with dryRun answers what would be and writes nothing', async () => {
    await using server = await startTestServer();
    const made = await askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('a'), query: { dryRun: 'All' } });
    assert.equal(made.metadata.name, 'a');
    await refused(ask(server, 'get', 'configmaps', { ...inDefault, name: 'a' }), 404, /configmaps "a" not found/);
  });
  test('refuses unknown fields when Strict, and warns of them otherwise', async () => {
    await using server = await startTestServer();
    const body = { ...configMap('a'), datum: {} };
    await refused(ask(server, 'create', 'configmaps', { ...inDefault, body, query: { fieldValidation: 'Strict' } }), 400, /unknown field "datum"/);
    const answer = await ask(server, 'create', 'configmaps', { ...inDefault, body });
    assert.deepEqual(answer.kind === 'object' && answer.warnings, ['unknown field "datum"']);
    const wrong = { ...configMap('A'), datum: 1 } as KubeObject;
    await assert.rejects(ask(server, 'create', 'configmaps', { ...inDefault, body: wrong }), (error) => {
      assert.ok(error instanceof StatusError);
      assert.deepEqual(
        [error.status, error.warnings, error.body.details?.kind, 'group' in (error.body.details ?? {})],
        [422, ['unknown field "datum"'], 'ConfigMap', false],
      );
      return true;
    });
  });
  test('gives each of many at once an object of its own', async () => {
    await using server = await startTestServer();
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('same') })),
    );
    assert.equal(all.filter((one) => one.status === 'fulfilled').length, 1);
  });
});

describe('what goes', () => {
  test('is told whoever asks for a version that will, also where he is refused', async () => {
    await using server = await startTestServer();
    const words = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice';
    const answer = await ask(server, 'list', 'endpoints', inDefault);
    assert.deepEqual(answer.kind === 'list' && answer.warnings, [words]);
    await assert.rejects(ask(server, 'get', 'endpoints', { ...inDefault, name: 'none' }), (error) => {
      assert.ok(error instanceof StatusError);
      assert.deepEqual(error.warnings, [words]);
      return true;
    });
  });
  test('without a word about its dependents leaves them if it is a Job, and has none if it is an Event', async () => {
    await using server = await startTestServer();
    const jobs = { resource: { group: 'batch', version: 'v1', resource: 'jobs' } };
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
    };
    await ask(server, 'create', 'jobs', { ...inDefault, ...jobs, body: job as KubeObject });
    const odd = ask(server, 'delete', 'jobs', { ...inDefault, ...jobs, name: 'j', query: { propagationPolicy: 'Some' } });
    await refused(odd, 422, /^DeleteOptions\.meta\.k8s\.io "" is invalid: propagationPolicy: Unsupported value: "Some": supported values: "Foreground",/);
    const gone = await ask(server, 'delete', 'jobs', { ...inDefault, ...jobs, name: 'j' });
    assert.ok(gone.kind === 'object');
    assert.match(gone.warnings?.[0] ?? '', /^child pods are preserved by default/);
    assert.deepEqual((gone.object as KubeObject).metadata.finalizers, ['orphan']);
    const event = { apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, involvedObject: { namespace: 'default' } };
    await ask(server, 'create', 'events', { ...inDefault, body: event as KubeObject });
    await ask(server, 'delete', 'events', { ...inDefault, name: 'e', query: { propagationPolicy: 'Foreground' } });
    await refused(ask(server, 'get', 'events', { ...inDefault, name: 'e' }), 404, /not found/);
  });
});

describe('update and patch', () => {
  test('refuse a stale revision, and leave the object as it was', async () => {
    await using server = await startTestServer();
    const first = await askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('a', { n: '1' }) });
    await askObject(server, 'update', 'configmaps', { ...inDefault, name: 'a', body: { ...first, data: { n: '2' } } });
    await refused(ask(server, 'update', 'configmaps', { ...inDefault, name: 'a', body: { ...first, data: { n: '3' } } }), 409, /the object has been modified/);
  });
  test('must name the object, and never say when it goes', async () => {
    await using server = await startTestServer();
    const { metadata, ...rest } = await askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    const put = (other: object) => ask(server, 'update', 'configmaps', { ...inDefault, name: 'a', body: { ...rest, metadata: other } as KubeObject });
    await refused(put({}), 400, /the name of the object \(a based on URL\) was undeterminable: name must be provided/);
    await refused(put({ ...metadata, deletionGracePeriodSeconds: 5 }), 422, /metadata\.deletionGracePeriodSeconds: Invalid value: 5: field is immutable/);
  });
  test('of a Pod may leave out what admission once filled in', async () => {
    await using server = await startTestServer();
    const made = (await askObject(server, 'create', 'pods', { ...inDefault, body: pod('p') })) as KubeObject & { spec: Record<string, unknown> };
    const { tolerations: _, priority: __, preemptionPolicy: ___, ...spec } = made.spec;
    const again = (await askObject(server, 'update', 'pods', { ...inDefault, name: 'p', body: { ...made, spec } as KubeObject })) as typeof made;
    assert.deepEqual(again.spec, made.spec);
  });
  test('that change nothing write nothing', async () => {
    await using server = await startTestServer();
    const made = await askObject(server, 'create', 'configmaps', { ...inDefault, body: configMap('a', { n: '1' }) });
    const again = await askObject(server, 'patch', 'configmaps', { ...inDefault, name: 'a', contentType: merge, body: { data: { n: '1' } } });
    assert.equal(again.metadata.resourceVersion, made.metadata.resourceVersion);
  });
  test('at once from many hands lose nothing', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);
    await Promise.all(keys.map((key) => ask(server, 'patch', 'configmaps', { ...inDefault, name: 'a', contentType: merge, body: { data: { [key]: 'x' } } })));
    const { data } = await askObject<ReturnType<typeof configMap>>(server, 'get', 'configmaps', { ...inDefault, name: 'a' });
    assert.equal(Object.keys(data).length, keys.length);
  });
  test('keep status and spec apart', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'pods', { ...inDefault, body: pod('p') });
    await ask(server, 'patch', 'pods', { ...inDefault, name: 'p', contentType: merge, body: { status: { phase: 'Failed' } } });
    type Pod = KubeObject & { status: { phase: string }; spec: { nodeName?: string } };
    assert.equal((await askObject<Pod>(server, 'get', 'pods', { ...inDefault, name: 'p' })).status.phase, 'Pending');
    const changed = await askObject<Pod>(server, 'patch', 'pods', {
      ...inDefault,
      name: 'p',
      subresource: 'status',
      contentType: merge,
      body: { status: { phase: 'Running' }, spec: { nodeName: 'x' } },
    });
    assert.deepEqual([changed.status.phase, changed.spec.nodeName], ['Running', undefined]);
  });
  test('count generations of what is wanted only', async () => {
    await using server = await startTestServer();
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i' }] } };
    const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'x' } }, template } };
    const generation = async (verb: 'create' | 'update' | 'patch', call: object) =>
      (await askObject(server, verb, 'deployments', { ...inDefault, ...call })).metadata.generation;
    assert.equal(await generation('create', { body }), 1);
    assert.equal(await generation('update', { name: 'd', body }), 1);
    assert.equal(await generation('patch', { name: 'd', contentType: merge, body: { metadata: { labels: { a: 'b' } } } }), 1);
    assert.equal(await generation('patch', { name: 'd', contentType: merge, body: { spec: { replicas: 5 } } }), 2);
    assert.equal(await generation('patch', { name: 'd', subresource: 'status', contentType: merge, body: { status: { replicas: 1 } } }), 2);
  });
  test('of scale change replicas and nothing else', async () => {
    await using server = await startTestServer();
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'a', image: 'i' }] } };
    await ask(server, 'create', 'deployments', {
      ...inDefault,
      body: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { selector: { matchLabels: { app: 'x' } }, template } },
    });
    const scaled = await askObject<KubeObject & { spec: object; status: object }>(server, 'patch', 'deployments', {
      ...inDefault,
      name: 'd',
      subresource: 'scale',
      contentType: merge,
      body: { spec: { replicas: 4 } },
    });
    assert.deepEqual([scaled.kind, scaled.spec, scaled.status], ['Scale', { replicas: 4 }, { replicas: 0, selector: 'app=x' }]);
  });
});

describe('list', () => {
  test('in pieces is of one revision', async () => {
    await using server = await startTestServer();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap(name) });
    const first = await names(server, 'configmaps', { limit: '2' });
    assert.deepEqual([first.names, first.remainingItemCount], [['a', 'b'], 3]);
    await ask(server, 'delete', 'configmaps', { ...inDefault, name: 'c' });
    await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('bb') });
    const second = await names(server, 'configmaps', { limit: '2', continue: first.continue ?? '' });
    const third = await names(server, 'configmaps', { limit: '2', continue: second.continue ?? '' });
    assert.deepEqual([second.names, third.names, third.continue], [['c', 'd'], ['e'], undefined]);
    assert.equal(third.resourceVersion, first.resourceVersion);
  });
  test('chooses by labels and fields', async () => {
    await using server = await startTestServer();
    for (const name of ['p', 'q']) await ask(server, 'create', 'pods', { ...inDefault, body: pod(name) });
    await bind(server, 'q');
    assert.deepEqual((await names(server, 'pods', { fieldSelector: 'spec.nodeName=n1' })).names, ['q']);
    assert.deepEqual((await names(server, 'pods', { labelSelector: 'app=x', fieldSelector: 'metadata.name=p' })).names, ['p']);
    assert.deepEqual((await names(server, 'pods', { labelSelector: 'app!=x' })).names, []);
    await refused(ask(server, 'list', 'pods', { query: { fieldSelector: 'spec.colour=red' } }), 400, /field label not supported: spec.colour/);
  });
  test('of a revision that is forgotten is refused with 410', async () => {
    const store = await openMemoryStore();
    await using server = await startTestServer({ store });
    for (const name of ['a', 'b', 'c']) await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap(name) });
    const first = await names(server, 'configmaps', { limit: '1' });
    await ask(server, 'delete', 'configmaps', { ...inDefault, name: 'c' });
    await store.compact(await store.revision());
    await refused(ask(server, 'list', 'configmaps', { query: { limit: '1', continue: first.continue ?? '' } }), 410, /too old/);
  });
});

describe('watch', () => {
  test('goes on from a list without a gap', async () => {
    await using server = await startTestServer();
    const { resourceVersion } = await names(server, 'configmaps');
    await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    const next = await watchOf(server, 'configmaps', { resourceVersion });
    await ask(server, 'patch', 'configmaps', { ...inDefault, name: 'a', contentType: merge, body: { data: { x: 'y' } } });
    await ask(server, 'delete', 'configmaps', { ...inDefault, name: 'a' });
    assert.deepEqual([(await next())?.type, (await next())?.type, (await next())?.type], ['ADDED', 'MODIFIED', 'DELETED']);
  });
  test('begins with what is, and marks where that ends when asked', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    const next = await watchOf(server, 'configmaps', { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: 'true' });
    assert.equal((await next())?.type, 'ADDED');
    const mark = await next();
    assert.ok(mark?.type === 'BOOKMARK' && mark.object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true');
  });
  test('shows an object that begins and ceases to match as added and deleted', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'pods', { ...inDefault, body: pod('p') });
    const { resourceVersion } = await names(server, 'pods');
    const next = await watchOf(server, 'pods', { resourceVersion, labelSelector: 'tier=front' });
    for (const tier of ['front', 'back'])
      await ask(server, 'patch', 'pods', { ...inDefault, name: 'p', contentType: merge, body: { metadata: { labels: { tier } } } });
    const [added, deleted] = [await next(), await next()];
    assert.deepEqual([added?.type, deleted?.type], ['ADDED', 'DELETED']);
    assert.ok(deleted?.type === 'DELETED' && deleted.object.metadata.labels?.tier === 'front');
  });
  test('from a revision that is forgotten gives 410 as an event', async () => {
    const store = await openMemoryStore();
    const first = await startTestServer({ store });
    await ask(first, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    await first.stop();
    await using second = await startTestServer({ store });
    const next = await watchOf(second, 'configmaps', { resourceVersion: '1' });
    const event = await next();
    assert.ok(event?.type === 'ERROR' && event.object.code === 410 && event.object.reason === 'Expired');
    assert.equal(await next(), undefined);
  });
  test('ends when its signal is aborted, after its time, and with the server', async () => {
    const server = await startTestServer();
    const gone = new AbortController();
    const answer = await ask(server, 'watch', 'pods', { signal: gone.signal });
    const endless = await watchOf(server, 'pods', {});
    gone.abort();
    assert.equal(answer.kind, 'watch');
    if (answer.kind === 'watch') for await (const event of answer.events) assert.fail(event.type);
    await server[Symbol.asyncDispose]();
    assert.equal(await endless(), undefined);
  });
});

describe('delete', () => {
  test('of a Pod without a node is at once', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'pods', { ...inDefault, body: pod('p') });
    await ask(server, 'delete', 'pods', { ...inDefault, name: 'p' });
    await refused(ask(server, 'get', 'pods', { ...inDefault, name: 'p' }), 404, /pods "p" not found/);
  });
  test('of a running Pod marks it, and the node agent ends it with grace 0', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'pods', { ...inDefault, body: pod('p', { terminationGracePeriodSeconds: 7 }) });
    await bind(server, 'p');
    const marked = await askObject(server, 'delete', 'pods', { ...inDefault, name: 'p' });
    assert.equal(marked.metadata.deletionGracePeriodSeconds, 7);
    assert.ok(marked.metadata.deletionTimestamp);
    await ask(server, 'delete', 'pods', { ...inDefault, name: 'p', body: { gracePeriodSeconds: 0, preconditions: { uid: marked.metadata.uid } } });
    await refused(ask(server, 'get', 'pods', { ...inDefault, name: 'p' }), 404, /not found/);
  });
  test('waits for finalizers, and the write that takes the last away ends the object', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'configmaps', { ...inDefault, body: { ...configMap('a'), metadata: { name: 'a', finalizers: ['example.com/hold'] } } });
    const marked = await askObject(server, 'delete', 'configmaps', { ...inDefault, name: 'a' });
    assert.ok(marked.metadata.deletionTimestamp);
    await refused(
      ask(server, 'patch', 'configmaps', {
        ...inDefault,
        name: 'a',
        contentType: merge,
        body: { metadata: { finalizers: ['example.com/hold', 'example.com/more'] } },
      }),
      422,
      /no new finalizers/,
    );
    await ask(server, 'patch', 'configmaps', { ...inDefault, name: 'a', contentType: merge, body: { metadata: { finalizers: null } } });
    await refused(ask(server, 'get', 'configmaps', { ...inDefault, name: 'a' }), 404, /not found/);
  });
  test('in the foreground leaves the object to the collector', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    const marked = await askObject(server, 'delete', 'configmaps', { ...inDefault, name: 'a', query: { propagationPolicy: 'Foreground' } });
    assert.deepEqual(marked.metadata.finalizers, ['foregroundDeletion']);
  });
  test('refuses another object of the same name', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'configmaps', { ...inDefault, body: configMap('a') });
    await refused(ask(server, 'delete', 'configmaps', { ...inDefault, name: 'a', body: { preconditions: { uid: 'other' } } }), 409, /precondition/);
  });
  test('of a namespace ends when it is finalized, and refuses new objects meanwhile', async () => {
    await using server = await startTestServer();
    const made = await askObject(server, 'create', 'namespaces', { body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } } });
    await ask(server, 'delete', 'namespaces', { name: 'n' });
    await refused(ask(server, 'create', 'configmaps', { namespace: 'n', body: configMap('a') }), 403, /because it is being terminated/);
    await ask(server, 'update', 'namespaces', { name: 'n', subresource: 'finalize', body: { ...made, metadata: { name: 'n' }, spec: { finalizers: [] } } });
    await refused(ask(server, 'get', 'namespaces', { name: 'n' }), 404, /namespaces "n" not found/);
  });
  test('of a collection takes what its selectors choose', async () => {
    await using server = await startTestServer();
    for (const name of ['a', 'b'])
      await ask(server, 'create', 'configmaps', { ...inDefault, body: { ...configMap(name), metadata: { name, labels: { name } } } });
    await ask(server, 'deletecollection', 'configmaps', { ...inDefault, query: { labelSelector: 'name=a' } });
    assert.deepEqual((await names(server, 'configmaps')).names, ['b']);
  });
});

describe('a Pod', () => {
  test('is bound once', async () => {
    await using server = await startTestServer();
    await ask(server, 'create', 'pods', { ...inDefault, body: pod('p') });
    await bind(server, 'p');
    await refused(bind(server, 'p', 'n2'), 409, /already assigned to node "n1"/);
    const bound = await askObject<KubeObject & { status: { conditions: { type: string; status: string }[] } }>(server, 'get', 'pods', {
      ...inDefault,
      name: 'p',
    });
    assert.deepEqual(
      bound.status.conditions.map(({ type, status }) => [type, status]),
      [['PodScheduled', 'True']],
    );
  });
  test('of a priority class that is not there is refused', async () => {
    await using server = await startTestServer();
    await refused(ask(server, 'create', 'pods', { ...inDefault, body: pod('p', { priorityClassName: 'high' }) }), 403, /no PriorityClass with name high/);
  });
});

describe('Services', () => {
  type Service = KubeObject & { spec: { clusterIP?: string; ports: { nodePort?: number }[]; type: string } };
  const service = (name: string, spec: object = {}) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }], ...spec } });
  const make = (server: Server, name: string, spec?: object) => askObject<Service>(server, 'create', 'services', { ...inDefault, body: service(name, spec) });

  test('get an address each, however many come at once, until the range is empty', async () => {
    await using server = await startTestServer({ serviceCidr: '10.96.0.0/28' });
    const made = await Promise.all(Array.from({ length: 12 }, (_, index) => make(server, `s${index}`)));
    const addresses = new Set(made.map(({ spec }) => spec.clusterIP));
    assert.equal(addresses.size, 12);
    assert.ok(!addresses.has('10.96.0.1') && !addresses.has('10.96.0.10'));
    await refused(make(server, 'one-more'), 500, /failed to allocate a serviceIP for Service "one-more": range is full/);
    await ask(server, 'delete', 'services', { ...inDefault, name: 's0' });
    await make(server, 'one-more');
  });
  test('may ask for an address that is free and in the range', async () => {
    await using server = await startTestServer();
    assert.equal((await make(server, 'dns', { clusterIP: '10.96.0.10' })).spec.clusterIP, '10.96.0.10');
    await refused(make(server, 'again', { clusterIP: '10.96.0.10' }), 422, /provided IP is already allocated/);
    await refused(
      make(server, 'far', { clusterIP: '10.97.0.10' }),
      422,
      /failed to allocate IP 10.97.0.10: the provided network does not match the current range/,
    );
    assert.equal((await make(server, 'headless', { clusterIP: 'None' })).spec.clusterIP, 'None');
  });
  test('keep address and node port through an update that does not speak of them', async () => {
    await using server = await startTestServer();
    const before = await make(server, 's', { type: 'NodePort' });
    const after = await askObject<Service>(server, 'update', 'services', {
      ...inDefault,
      name: 's',
      body: service('s', { type: 'NodePort', selector: { a: 'b' } }),
    });
    assert.deepEqual([after.spec.clusterIP, after.spec.ports[0]?.nodePort], [before.spec.clusterIP, before.spec.ports[0]?.nodePort]);
    assert.ok((after.spec.ports[0]?.nodePort ?? 0) >= 30000);
    await refused(
      make(server, 't', { type: 'NodePort', ports: [{ port: 80, nodePort: before.spec.ports[0]?.nodePort }] }),
      422,
      /provided port is already allocated/,
    );
  });
});

describe('who asks', () => {
  const as = (server: Server, name: string, groups: string[], verb: 'list' | 'create' | 'delete', resource: string) =>
    server.handler.handle({
      verb,
      resource: { group: '', version: 'v1', resource },
      namespace: 'default',
      query: {},
      user: { name, groups },
      ...(verb === 'create' ? { body: configMap('a') } : {}),
    });
  test('is refused what no rule allows, in words that say what', async () => {
    await using server = await startTestServer();
    await refused(
      as(server, 'bob', ['system:authenticated'], 'list', 'pods'),
      403,
      /pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"/,
    );
    await refused(as(server, 'system:node:n1', ['system:nodes'], 'list', 'pods'), 403, /can only list\/watch pods with spec.nodeName field selector "n1"/);
    await refused(as(server, 'system:node:n1', ['system:nodes'], 'create', 'configmaps'), 403, /cannot create resource "configmaps"/);
  });
});

test('an object is the same in every version of its kind that is served', async () => {
  await using server = await startTestServer();
  const v1 = { group: 'autoscaling', version: 'v1', resource: 'horizontalpodautoscalers' };
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
    minReplicas: 3,
    maxReplicas: 10,
    targetCPUUtilizationPercentage: 50,
  };
  const body = { apiVersion: 'autoscaling/v1', kind: 'HorizontalPodAutoscaler', metadata: { name: 'h' }, spec };
  const user = { name: 'admin', groups: ['system:masters'] };
  await server.handler.handle({ verb: 'create', resource: v1, namespace: 'default', query: {}, user, body });
  const newer = await askObject<KubeObject & { spec: { metrics: object[] } }>(server, 'get', 'horizontalpodautoscalers', { ...inDefault, name: 'h' });
  assert.deepEqual(newer.spec.metrics, [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }]);
  const behavior = { scaleDown: { stabilizationWindowSeconds: 5 } };
  await ask(server, 'patch', 'horizontalpodautoscalers', { ...inDefault, name: 'h', contentType: merge, body: { spec: { behavior } } });
  const older = await server.handler.handle({
    verb: 'patch',
    resource: v1,
    namespace: 'default',
    name: 'h',
    query: {},
    user,
    contentType: merge,
    body: { spec: { minReplicas: 4 } },
  });
  assert.deepEqual(older.kind === 'object' && (older.object as { spec: object }).spec, { ...spec, minReplicas: 4 });
  const kept = await askObject<KubeObject & { spec: { behavior: { scaleDown: object } } }>(server, 'get', 'horizontalpodautoscalers', {
    ...inDefault,
    name: 'h',
  });
  assert.equal((kept.spec.behavior.scaleDown as { stabilizationWindowSeconds: number }).stabilizationWindowSeconds, 5);
});
