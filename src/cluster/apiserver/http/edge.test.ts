import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { type Https, httpsOf } from '../testkit/https.ts';
import { startTestServer } from '../testkit/server.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };

describe('the HTTPS edge', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    server = await startTestServer({ tokens: new Map([['word', ADMIN]]) });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });
  const configMaps = '/api/v1/namespaces/default/configmaps';

  test('refuses a body over 3 MiB with 413, in Kubernetes’ shape', async () => {
    const answer = await call('POST', configMaps, { 'content-type': 'application/json' }, Buffer.alloc(4 << 20, 'a'));
    assert.equal(answer.status, 413);
    assert.match(answer.text, /"kind":"Status".*Request entity too large: limit is 3145728/);
  });
  test('refuses what it cannot read: 400 for broken JSON, 415 for other types, 406 for other forms, 405 for other methods, 404 for other paths', async () => {
    assert.equal((await call('POST', configMaps, { 'content-type': 'application/json' }, '{')).status, 400);
    assert.equal((await call('POST', configMaps, { 'content-type': 'text/plain' }, 'x')).status, 415);
    assert.equal((await call('GET', configMaps, { accept: 'image/png' })).status, 406);
    assert.equal((await call('TRACE', configMaps)).status, 405);
    assert.equal((await call('GET', '/apis/nothing/v1/things')).status, 404);
    assert.equal((await call('GET', '/nothing')).status, 404);
    assert.equal((await call('GET', '/api/v1/namespaces/default/pods/p/exec')).status, 404);
  });
  test('gives lists as tables and as metadata alone', async () => {
    const table = JSON.parse((await call('GET', '/api/v1/namespaces', { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' })).text);
    assert.deepEqual([table.kind, table.columnDefinitions[0].name, table.rows[0].cells[0]], ['Table', 'Name', 'default']);
    const partial = JSON.parse((await call('GET', '/api/v1/namespaces', { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })).text);
    assert.deepEqual([partial.kind, Object.keys(partial.items[0])], ['PartialObjectMetadataList', ['apiVersion', 'kind', 'metadata']]);
  });
  test('says what it serves in the old form and the aggregated one', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const aggregated = await call('GET', '/apis', { accept });
    assert.equal(aggregated.headers['content-type'], 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const groups = JSON.parse((await call('GET', '/apis')).text).groups.map(({ name }: { name: string }) => name);
    assert.deepEqual(
      JSON.parse(aggregated.text).items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      groups,
    );
    const pods = JSON.parse((await call('GET', '/api/v1')).text).resources.map(({ name }: { name: string }) => name);
    for (const name of ['pods', 'pods/log', 'pods/exec', 'pods/binding', 'namespaces/finalize']) assert.ok(pods.includes(name), name);
  });
});
