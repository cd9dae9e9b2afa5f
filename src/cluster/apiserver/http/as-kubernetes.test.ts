import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { at, type Https, httpsOf } from '../testkit/https.ts';
import { configMap, startTestServer } from '../testkit/server.ts';

const COLLECTION = '/api/v1/namespaces/default/configmaps';
const JSON_BODY = { 'content-type': 'application/json' };
const METHOD = [405, 'the server does not allow this method on the requested resource'] as const;
const PATH = [404, 'the server could not find the requested resource'] as const;
const PAGE = [404, '404 page not found\n'] as const;
const PARTIAL = 'application/json;g=meta.k8s.io;v=v1;as=PartialObjectMetadata';

/** What a kube-apiserver 1.36 answered to the same requests. */
const REFUSED: readonly (readonly [method: string, path: string, body: object | undefined, status: number, words: string])[] = [
  ['PUT', COLLECTION, {}, ...METHOD],
  ['PATCH', COLLECTION, {}, ...METHOD],
  ['POST', `${COLLECTION}/a`, configMap('a'), ...METHOD],
  ['POST', '/api/v1/configmaps', configMap('a'), ...METHOD],
  ['DELETE', '/api/v1/configmaps', undefined, ...METHOD],
  ['DELETE', '/api/v1/namespaces', undefined, ...METHOD],
  ['POST', '/apis/apps/v1/namespaces/default/deployments/x/scale', {}, ...METHOD],
  ['POST', '/version', undefined, ...METHOD],
  ['GET', '/api/v1/configmaps/a', undefined, ...PATH],
  ['GET', `${COLLECTION}//a`, undefined, ...PATH],
  ['GET', '/api/v1/nothing', undefined, ...PATH],
  ['GET', '/apis/none.example/v1/things', undefined, ...PAGE],
  ['GET', '/nothing', undefined, ...PAGE],
  ['GET', '/healthz/none', undefined, ...PAGE],
  ['PUT', `${COLLECTION}/a`, { data: {} }, 400, 'the name of the object (a based on URL) was undeterminable: name must be provided'],
  ['PUT', `${COLLECTION}/a`, withMetadata({ resourceVersion: 'abc' }), 500, 'strconv.ParseUint: parsing "abc": invalid syntax'],
  ['POST', COLLECTION, withMetadata({ resourceVersion: '5' }), 500, 'resourceVersion should not be set on objects to be created'],
  ['POST', COLLECTION, withMetadata({ namespace: 'q' }), 400, 'the namespace of the provided object does not match the namespace sent on the request'],
];

function withMetadata(metadata: object): object {
  return { ...configMap('a'), metadata: { name: 'a', ...metadata } };
}

describe('a request that a real server refuses', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    server = await startTestServer({
      tokens: new Map([
        ['word', { name: 'admin', groups: ['system:masters'] }],
        ['other', { name: 'bob', groups: [] }],
      ]),
    });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
    assert.equal((await call('POST', COLLECTION, JSON_BODY, JSON.stringify(configMap('a')))).status, 201);
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
  });
  test('is told of his rights first, then of what there is, then of what he sends', async () => {
    const foreign = { 'content-type': 'application/foo' };
    const bob = httpsOf(kubectl.url, 'other');
    const pods = '/api/v1/namespaces/default/pods/none';
    const rows: readonly (readonly [call: Https, method: string, path: string, headers: Record<string, string>, status: number])[] = [
      [call, 'PATCH', `${COLLECTION}/none`, JSON_BODY, 415],
      [call, 'PATCH', `${COLLECTION}/none`, foreign, 415],
      [bob, 'PATCH', `${COLLECTION}/none`, foreign, 403],
      [bob, 'POST', COLLECTION, { ...JSON_BODY, accept: 'image/png' }, 403],
      [call, 'GET', `${pods}/exec`, {}, 404],
      [call, 'PUT', `${pods}/attach`, {}, 405],
      [bob, 'GET', `${pods}/portforward`, {}, 403],
    ];
    for (const [who, method, path, headers, status] of rows) {
      const answer = await who(method, path, headers, method === 'GET' ? undefined : '{');
      assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(headers)} ${answer.text}`);
    }
  });
  test('gets no form that what he asks for has not', async () => {
    const rows: readonly (readonly [path: string, accept: string, status: number])[] = [
      ['/api', 'image/png', 406],
      ['/apis', PARTIAL, 406],
      ['/apis/apps', 'text/html', 406],
      ['/apis/apps/v1', 'application/yaml', 200],
      ['/api/v1', 'text/html,*/*;q=0.1', 200],
      ['/version', 'application/yaml', 406],
      ['/version', PARTIAL, 200],
      ['/openid/v1/jwks', 'application/json', 406],
      [COLLECTION, PARTIAL, 406],
      [COLLECTION, `${PARTIAL}List`, 200],
      [`${COLLECTION}/a`, `${PARTIAL}List`, 406],
      [`${COLLECTION}/a`, PARTIAL, 200],
    ];
    for (const [path, accept, status] of rows) assert.equal((await call('GET', path, { accept })).status, status, `${path} as ${accept}`);
    const table = await call('GET', COLLECTION, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1beta1' });
    assert.equal(at(table.json(), 'rows.0.object.apiVersion'), 'meta.k8s.io/v1beta1');
  });
  test('finds every path, is told what goes before a watch begins, and since when a description stands', async () => {
    const paths = at((await call('GET', '/')).json(), 'paths');
    assert.ok(Array.isArray(paths));
    assert.deepEqual(paths, paths.toSorted());
    for (const path of ['/apis/', '/readyz/shutdown', '/livez/ping', '/metrics/slis', '/openid/v1/jwks']) assert.ok(paths.includes(path), path);
    const slis = (await call('GET', '/metrics/slis')).text;
    assert.match(slis, /^kubernetes_healthcheck\{name="shutdown",type="readyz"\} 1$/m);
    assert.doesNotMatch(slis, /name="shutdown",type="livez"/);
    const watch = await call.open('/api/v1/endpoints?watch=1');
    assert.equal(watch.headers.warning, '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"');
    watch.destroy();
    assert.match(String((await call('GET', '/openapi/v3/api/v1')).headers['last-modified']), / GMT$/);
  });
  test('is refused with the same words', async () => {
    for (const [method, path, body, status, words] of REFUSED) {
      const answer = await call(method, path, body === undefined ? {} : JSON_BODY, body === undefined ? undefined : JSON.stringify(body));
      const told = words === PAGE[1] ? answer.text : at(answer.json(), 'message');
      assert.deepEqual([answer.status, told], [status, words], `${method} ${path} ${JSON.stringify(body)}`);
      if (words === PAGE[1]) assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    }
  });
  test('a status says nothing of a name and a group that there are not', async () => {
    const { details } = (await call('GET', `${COLLECTION}/none`)).json() as { details: object };
    assert.deepEqual(details, { name: 'none', kind: 'configmaps' });
    assert.deepEqual(at((await call('GET', '/api/v1/nothing')).json(), 'details'), {});
    assert.equal('reason' in ((await call('POST', COLLECTION, JSON_BODY, JSON.stringify(withMetadata({ resourceVersion: '5' })))).json() as object), false);
  });
  test('every answer has the request’s name for audit logs, the client’s own where it has one', async () => {
    assert.match(String((await call('GET', COLLECTION)).headers['audit-id']), /^[0-9a-f-]{36}$/);
    assert.equal((await call('GET', '/nothing', { 'audit-id': 'mine' })).headers['audit-id'], 'mine');
  });
  test('a patch that makes another object of it, or none, is to blame', async () => {
    const patch = async (body: object) => {
      const answer = await call('PATCH', `${COLLECTION}/a`, { 'content-type': 'application/merge-patch+json' }, JSON.stringify(body));
      return [answer.status, at(answer.json(), 'message')];
    };
    assert.deepEqual(await patch({ metadata: { name: 'q' } }), [400, 'the name of the object (q) does not match the name on the URL (a)']);
    const [status, words] = await patch({ data: { z: 1 } });
    assert.equal(status, 422);
    assert.match(String(words), /^ "" is invalid: patch: Invalid value: /);
    assert.deepEqual(await patch({ metadata: { uid: 'x' } }), [422, 'ConfigMap "a" is invalid: metadata.uid: Invalid value: "x": field is immutable']);
  });
  test('an object comes in a form of objects; a field that is unknown is told as that alone', async () => {
    for (const type of ['application/merge-patch+json', 'application/foo+json', 'text/yaml', 'application/json,application/yaml'])
      assert.equal((await call('POST', COLLECTION, { 'content-type': type }, JSON.stringify(configMap('t')))).status, 415, type);
    const twice = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"t"},"foo":1,"foo":2}';
    const { headers } = await call('POST', `${COLLECTION}?dryRun=All`, JSON_BODY, twice);
    assert.equal(headers.warning, '299 - "unknown field \\"foo\\""');
  });
  test('items of a list leave to it what they are', async () => {
    const answer = (await call('GET', COLLECTION)).json() as { items: object[] };
    assert.deepEqual(Object.keys(answer.items[0] ?? {}), ['metadata']);
  });
  test('one object is read by its path, whatever is said of watching', async () => {
    assert.equal(at((await call('GET', `${COLLECTION}/a?watch=true`)).json(), 'kind'), 'ConfigMap');
  });
  test('an update with revision 0 goes on top of whatever stands there', async () => {
    assert.equal((await call('PUT', `${COLLECTION}/a`, JSON_BODY, JSON.stringify(withMetadata({ resourceVersion: '0' })))).status, 200);
  });
});
