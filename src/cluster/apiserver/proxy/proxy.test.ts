import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { nodeHttp } from '#kit';
import { fakeNode } from '../testkit/fake-node.ts';
import { connectKubectl, type Kubectl } from '../testkit/kubectl.ts';
import { at, type Https, httpsOf } from '../testkit/https.ts';
import { ask, pod, startTestServer } from '../testkit/server.ts';

const ADMIN = { name: 'admin', groups: ['system:masters'] };
const PODS = '/api/v1/namespaces/default/pods';
const SERVICES = '/api/v1/namespaces/default/services';

/** A server in a Pod: tells what it was asked, redirects, and speaks WebSocket. */
async function startBackend(): Promise<Server> {
  const server = nodeHttp().createServer((request, response) => {
    if (request.url === '/away') return response.writeHead(302, { location: '/here' }).end();
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      response.setHeader('x-own', 'yes');
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(parts).toString() }));
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString('utf8').toUpperCase())));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('proxies', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let backend: Server;
  let kubectl: Kubectl;
  let call: Https;
  before(async () => {
    backend = await startBackend();
    // The backend listens on an address: it is an object.
    const { port } = backend.address() as AddressInfo;
    const node = {
      ...fakeNode(),
      async portForward(_pod: unknown, asked: number) {
        if (asked !== 8080) throw new Error('connection refused');
        const socket = connect({ host: '127.0.0.1', port });
        await once(socket, 'connect');
        return socket;
      },
    };
    server = await startTestServer({
      nodes: (name) => (name === 'n1' ? node : undefined),
      tokens: new Map([
        ['word', ADMIN],
        ['other', { name: 'bob', groups: [] }],
      ]),
    });
    kubectl = await connectKubectl(server);
    call = httpsOf(kubectl.url, 'word');
    const containers = [{ name: 'main', image: 'busybox', ports: [{ containerPort: 8080 }] }];
    await ask(server, 'create', 'pods', { namespace: 'default', body: pod('web', { containers }) });
    await ask(server, 'create', 'pods', { namespace: 'default', name: 'web', subresource: 'binding', body: { target: { name: 'n1' } } });
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'svc' }, spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }] } };
    await ask(server, 'create', 'services', { namespace: 'default', body: service });
    const slices = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };
    const slice = {
      metadata: { name: 'svc-1', labels: { 'kubernetes.io/service-name': 'svc' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.9'], conditions: { ready: true }, targetRef: { kind: 'Pod', name: 'web' } }],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    };
    await server.handler.handle({ verb: 'create', resource: slices, namespace: 'default', body: slice, query: {}, user: ADMIN });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await kubectl[Symbol.asyncDispose]();
    backend.closeAllConnections();
    backend.close();
  });

  test('a request reaches the Pod, and its answer comes back', async () => {
    const answer = await call(
      'POST',
      `${PODS}/web/proxy/a%20b/c/?x=1&x=2`,
      { 'content-type': 'text/plain', 'x-mine': 'yes', connection: 'x-gone', 'x-gone': '1' },
      'hello',
    );
    assert.deepEqual([answer.status, answer.headers['x-own']], [200, 'yes'], answer.text);
    assert.partialDeepStrictEqual(answer.json(), { method: 'POST', url: '/a%20b/c/?x=1&x=2', body: 'hello' });
    const headers = at(answer.json(), 'headers') as Record<string, string>;
    assert.deepEqual(
      [headers['x-mine'], headers.authorization, headers['x-gone'], headers['x-forwarded-uri']],
      ['yes', undefined, undefined, `${PODS}/web/proxy/a%20b/c/`],
    );
    for (const name of ['web:8080', 'http:web:8080']) assert.equal((await call('GET', `${PODS}/${name}/proxy/`)).status, 200);
  });
  test('a Service is reached by port and by name, and through kubectl', async () => {
    for (const name of ['svc', 'svc:80', 'svc:http', 'http:svc:http'])
      assert.equal(at((await call('GET', `${SERVICES}/${name}/proxy/x`)).json(), 'url'), '/x', name);
    const raw = await kubectl('get', '--raw', `${SERVICES}/svc:80/proxy/hello`);
    assert.match(raw.stdout, /"url":"\/hello"/);
    const proxy = kubectl.start('proxy', '--port=0');
    try {
      const [said] = (await once(proxy.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
      const url = `http://${/127\.0\.0\.1:\d+/.exec(said.toString())?.[0]}${SERVICES}/svc:http/proxy/by-kubectl`;
      const answer = await fetch(url);
      assert.equal(at(await answer.json(), 'url'), '/by-kubectl');
    } finally {
      proxy.kill();
    }
  });
  test('an empty path gets its slash, and redirects lead through the proxy again', async () => {
    const slash = await call('GET', `${SERVICES}/svc:80/proxy?a=b`);
    assert.deepEqual([slash.status, slash.headers.location], [301, `${SERVICES}/svc:80/proxy/?a=b`]);
    const away = await call('GET', `${SERVICES}/svc:80/proxy/away`);
    assert.deepEqual([away.status, away.headers.location], [302, `${SERVICES}/svc:80/proxy/here`]);
  });
  test('a WebSocket goes through', async () => {
    const socket = new WebSocket(`${kubectl.url.replace('https', 'wss')}${SERVICES}/svc:80/proxy/ws`, {
      rejectUnauthorized: false,
      headers: { authorization: 'Bearer word' },
    });
    await once(socket, 'open');
    const said = once(socket, 'message') as Promise<[Buffer]>;
    socket.send('hello');
    assert.equal((await said)[0].toString(), 'HELLO');
    socket.close();
    await once(socket, 'close');
  });
  test('what can’t be reached is told', async () => {
    const check = async (path: string, status: number, words: RegExp) => {
      const answer = await call('GET', path);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.text, words);
    };
    await check(`${SERVICES}/nobody/proxy/`, 404, /services \\"nobody\\" not found/);
    await check(`${SERVICES}/svc:81/proxy/`, 503, /no service port 81 found for service \\"svc\\"/);
    await check(`${SERVICES}/svc:grpc/proxy/`, 503, /no endpoints available for service/);
    await check(`${SERVICES}/ftp:svc:80/proxy/`, 400, /invalid proxy request/);
    await check(`${PODS}/web:9/proxy/`, 503, /error trying to reach service: .*connection refused/);
    await check('/api/v1/nodes/nobody/proxy/healthz', 404, /nodes \\"nobody\\" not found/);
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'near' }, status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }] } };
    await ask(server, 'create', 'nodes', { body: node });
    await check('/api/v1/nodes/near:22/proxy/', 400, /address not allowed/);
    const forbidden = await httpsOf(kubectl.url, 'other')('GET', `${SERVICES}/svc:80/proxy/`);
    assert.match(forbidden.text, /User \\"bob\\" cannot get resource \\"services\/proxy\\"/);
  });
});
