import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { type Https, httpsOf } from '../testkit/https.ts';
import { ask, configMap, startTestServer } from '../testkit/server.ts';

const COLLECTION = '/api/v1/namespaces/default/configmaps';

describe('/metrics', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    server = await startTestServer({ tokens: new Map([['word', { name: 'admin', groups: ['system:masters'] }]]) });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });
  /** The value of the metric that has these labels, whatever else it has. */
  const value = async (name: string, labels: Record<string, string> = {}): Promise<number | undefined> => {
    const { text } = await call('GET', '/metrics');
    const line = text.split('\n').find((one) => {
      const rest = one.slice(name.length);
      return one.startsWith(name) && /^[{ ]/.test(rest) && Object.entries(labels).every(([label, wanted]) => rest.includes(`${label}="${wanted}"`));
    });
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };

  test('requests are counted by what was asked and how it was answered', async () => {
    const json = { 'content-type': 'application/json' };
    await call('POST', COLLECTION, json, JSON.stringify(configMap('a')));
    await call('POST', COLLECTION, json, JSON.stringify(configMap('a')));
    await call('POST', COLLECTION, json, '{');
    await call('GET', `${COLLECTION}/a`);
    await call('GET', COLLECTION);
    await call('PATCH', `${COLLECTION}/a?fieldManager=x&dryRun=All`, { 'content-type': 'application/apply-patch+yaml' }, JSON.stringify(configMap('a')));
    const count = (verb: string, code: string, more: Record<string, string> = {}) =>
      value('apiserver_request_total', { verb, code, resource: 'configmaps', component: 'apiserver', ...more });
    assert.equal(await count('POST', '201', { scope: 'resource', version: 'v1', group: '' }), 1);
    assert.equal(await count('POST', '409'), 1);
    assert.equal(await count('POST', '400'), 1);
    assert.equal(await count('GET', '200', { scope: 'resource' }), 1);
    assert.equal(await count('LIST', '200', { scope: 'namespace' }), 1);
    assert.equal(await count('APPLY', '200', { dry_run: 'All' }), 1);
    assert.equal(await value('apiserver_request_duration_seconds_count', { verb: 'POST', resource: 'configmaps' }), 2);
    assert.equal(await value('apiserver_request_duration_seconds_bucket', { verb: 'POST', resource: 'configmaps', le: '+Inf' }), 2);
    assert.equal(await value('apiserver_current_inflight_requests', { request_kind: 'mutating' }), 0);
  });
  test('what isn’t served has no name of its own', async () => {
    const lines = async () => (await call('GET', '/metrics')).text.split('\n').length;
    await call('GET', '/apis/x/v1/nobody0');
    const before = await lines();
    for (const word of ['a', 'b', 'c']) await call('GET', `/apis/${word}/v1/${word}`);
    for (const word of ['a', 'b', 'c']) await call('GET', `${COLLECTION}/a/${word}`);
    assert.ok((await lines()) - before < 40);
    assert.doesNotMatch((await call('GET', '/metrics')).text, /nobody0/);
  });
  test('watches are counted while they are open, and what they were given', async () => {
    const open = { resource: 'configmaps', verb: 'WATCH' };
    const watch = await call.open(`${COLLECTION}?watch=1&resourceVersion=0`);
    assert.equal(await value('apiserver_longrunning_requests', open), 1);
    const given = (await value('apiserver_watch_events_total', { resource: 'configmaps' })) ?? 0;
    assert.ok(given >= 1);
    await ask(server, 'create', 'configmaps', { namespace: 'default', body: configMap('b') });
    assert.equal(await value('apiserver_watch_events_total', { resource: 'configmaps' }), given + 1);
    const closed = new Promise((resolve) => watch.once('close', resolve));
    watch.destroy();
    await closed;
    // The server hears of it a moment later.
    while ((await value('apiserver_longrunning_requests', open)) !== 0);
  });
  test('the store and the process are told of too', async () => {
    assert.ok(((await value('etcd_request_duration_seconds_count', { operation: 'create', resource: 'configmaps' })) ?? 0) >= 1);
    assert.ok(((await value('etcd_request_errors_total', { operation: 'create', resource: 'configmaps' })) ?? -1) >= 0);
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds', 'process_open_fds'])
      assert.ok(((await value(name)) ?? 0) > 0, name);
    assert.ok(((await value('apiserver_storage_objects', { resource: 'configmaps' })) ?? 0) >= 1);
  });
});
