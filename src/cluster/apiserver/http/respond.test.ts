import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { at, type Https, httpsOf } from '../testkit/https.ts';
import { configMap, startTestServer } from '../testkit/server.ts';

const COLLECTION = '/api/v1/namespaces/default/configmaps';
const JSON_TYPE = { 'content-type': 'application/json' };

describe('what goes back', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    server = await startTestServer({ tokens: new Map([['word', { name: 'admin', groups: ['system:masters'] }]]) });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
    const large = configMap('large', { text: 'words and more words '.repeat(10_000) });
    await call('POST', COLLECTION, JSON_TYPE, JSON.stringify(large));
    await call('POST', COLLECTION, JSON_TYPE, JSON.stringify(configMap('small', { a: 'b' })));
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });

  test('large answers are compressed for those who take that, small ones for nobody', async () => {
    const check = async (path: string, encoding: string, expected: string | undefined) => {
      const answer = await call('GET', path, { 'accept-encoding': encoding });
      assert.equal(answer.headers['content-encoding'], expected, `${path} ${encoding}`);
      return answer;
    };
    for (const path of [COLLECTION, `${COLLECTION}/large`]) {
      const plain = await check(path, 'identity', undefined);
      for (const encoding of ['gzip', 'br, gzip;q=0.5', '*']) {
        const packed = await check(path, encoding, 'gzip');
        assert.deepEqual(gunzipSync(packed.bytes), plain.bytes);
        assert.ok(packed.bytes.length < plain.bytes.length / 10);
      }
      await check(path, 'br, gzip;q=0', undefined);
    }
    await check(`${COLLECTION}/small`, 'gzip', undefined);
  });
  test('fields that stand twice and fields that there are not: warned of, refused, or passed over', async () => {
    const body = '{"metadata":{"name":"small"},"data":{"a":"1","a":"2"},"colour":"red"}';
    const put = async (validation: string, text = body, type = 'application/json') =>
      await call('PUT', `${COLLECTION}/small?dryRun=All&fieldValidation=${validation}`, { 'content-type': type }, text);
    const words = ['duplicate field "data.a"', 'unknown field "colour"'];
    const warned = await put('Warn');
    assert.deepEqual([warned.status, at(warned.json(), 'data.a')], [200, '2']);
    assert.equal(warned.headers.warning, words.map((word) => `299 - "${word.replaceAll('"', '\\"')}"`).join(', '));
    assert.equal((await put('')).headers.warning, warned.headers.warning);
    const strict = await put('Strict');
    assert.deepEqual(
      [strict.status, at(strict.json(), 'message')],
      [400, `ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ${words.join(', ')}`],
    );
    assert.deepEqual([(await put('Ignore')).status, (await put('Ignore')).headers.warning], [200, undefined]);
    assert.equal((await put('Loose')).status, 422);
    const yaml = await put('Warn', 'metadata: {name: small}\ndata:\n  a: "1"\n  a: "2"\n', 'application/yaml');
    assert.equal(yaml.headers.warning, '299 - "line 4: key \\"a\\" already set in map"');
  });
});
