import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parse } from 'yaml';
import { decodeCbor } from '../cbor/decode.ts';
import { encodeCbor } from '../cbor/encode.ts';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { at, type Https, httpsOf } from '../testkit/https.ts';
import { configMap, startTestServer } from '../testkit/server.ts';

const COLLECTION = '/api/v1/namespaces/default/configmaps';
const CBOR = 'application/cbor';

describe('JSON, YAML and CBOR', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    server = await startTestServer({ tokens: new Map([['word', { name: 'admin', groups: ['system:masters'] }]]) });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
    const made = await call('POST', COLLECTION, { 'content-type': CBOR, accept: CBOR }, encodeCbor(configMap('a', { x: 'ü' })));
    assert.deepEqual([made.status, made.headers['content-type'], made.bytes.subarray(0, 3).toString('hex')], [201, CBOR, 'd9d9f7']);
    assert.equal(at(decodeCbor(made.bytes).value, 'data.x'), 'ü');
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });

  test('what is asked for comes in each of them, and is the same', async () => {
    const asJson = (await call('GET', COLLECTION)).json();
    const yaml = await call('GET', COLLECTION, { accept: 'application/yaml' });
    assert.equal(yaml.headers['content-type'], 'application/yaml');
    assert.deepEqual(parse(yaml.text), asJson);
    const cbor = await call('GET', COLLECTION, { accept: 'application/json;q=0.9, application/cbor' });
    assert.equal(cbor.headers['content-type'], CBOR);
    assert.deepEqual(decodeCbor(cbor.bytes).value, asJson);
    const table = await call('GET', COLLECTION, { accept: 'application/cbor;as=Table;v=v1;g=meta.k8s.io' });
    assert.equal(at(decodeCbor(table.bytes).value, 'rows.0.cells.0'), 'a');
    const missing = await call('GET', `${COLLECTION}/nobody`, { accept: CBOR });
    assert.deepEqual([missing.status, at(decodeCbor(missing.bytes).value, 'reason')], [404, 'NotFound']);
    assert.equal((await call('GET', COLLECTION, { accept: 'application/cbor-seq' })).status, 406);
  });
  test('a watch is a sequence of items, and no YAML', async () => {
    const watch = await call('GET', `${COLLECTION}?watch=1&timeoutSeconds=1`, { accept: CBOR });
    assert.equal(watch.headers['content-type'], 'application/cbor-seq');
    const { value } = decodeCbor(watch.bytes);
    assert.deepEqual([at(value, 'type'), at(value, 'object.metadata.name')], ['ADDED', 'a']);
    assert.equal((await call('GET', `${COLLECTION}?watch=1&timeoutSeconds=1`, { accept: 'application/yaml' })).status, 406);
  });
  test('is applied as CBOR; fields that stand twice are told, and what is none is refused', async () => {
    const headers = { 'content-type': 'application/apply-patch+cbor' };
    const applied = await call('PATCH', `${COLLECTION}/b?fieldManager=me`, headers, encodeCbor(configMap('b', { y: '1' })));
    assert.deepEqual([applied.status, at(applied.json(), 'metadata.managedFields.0.operation')], [201, 'Apply']);
    // {"metadata": {"name": "c"}, "data": {"a": "1", "a": "2"}}
    const twice = Buffer.from('a2686d65746164617461a1646e616d6561636464617461a261616131616161 32'.replaceAll(' ', ''), 'hex');
    const warned = await call('POST', COLLECTION, { 'content-type': CBOR }, twice);
    assert.deepEqual([warned.status, warned.headers.warning], [201, '299 - "duplicate field \\"data.a\\""']);
    const broken = await call('POST', COLLECTION, { 'content-type': CBOR }, twice.subarray(0, -1));
    assert.deepEqual([broken.status, at(broken.json(), 'message')], [400, 'Cannot read the request body: unexpected end of CBOR']);
  });
});
