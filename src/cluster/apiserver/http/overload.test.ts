import assert from 'node:assert/strict';
import { connect as connectTcp, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { ApiServerOptions } from '../index.ts';
import { at, httpsOf } from '../testkit/https.ts';
import { connectKubectl } from '../testkit/kubectl.ts';
import { configMap, startTestServer } from '../testkit/server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const JSON_BODY = { 'content-type': 'application/json' };
const TOKENS = new Map([
  ['master', { name: 'admin', groups: ['system:masters'] }],
  ['user', { name: 'jane', groups: ['system:authenticated'] }],
]);

async function start(limits: ApiServerOptions['limits'] = {}) {
  const server = await startTestServer({ tokens: TOKENS, authorizationModes: ['AlwaysAllow'], limits });
  const kubectl = await connectKubectl(server);
  const { hostname: host, port } = new URL(kubectl.url);
  return {
    server,
    kubectl,
    where: { host, port: Number(port) },
    user: httpsOf(kubectl.url, 'user'),
    master: httpsOf(kubectl.url, 'master'),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await kubectl[Symbol.asyncDispose]();
    },
  };
}

/** A request whose body is not sent yet, by a connection of its own; resolves when the server has its head. */
async function beginPost(where: { readonly host: string; readonly port: number }, name: string, token = 'user') {
  const body = JSON.stringify(configMap(name));
  const socket = connectTls({ ...where, rejectUnauthorized: false });
  let text = '';
  let heard = Promise.withResolvers<void>();
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    heard.resolve();
  });
  const head = [`POST ${PATH} HTTP/1.1`, 'Host: x', `Authorization: Bearer ${token}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
  socket.write(`${[...head, 'Expect: 100-continue'].join('\r\n')}\r\n\r\n`);
  await heard.promise;
  assert.match(text, /^HTTP\/1\.1 100 Continue/);
  text = '';
  return {
    ended: endOf(socket),
    finish: () => void socket.write(body),
    /** The status of the answer, once it is there. */
    async status(): Promise<string> {
      while (!text.includes('\r\n\r\n')) {
        heard = Promise.withResolvers();
        if (!text.includes('\r\n\r\n')) await heard.promise;
      }
      return text;
    },
    [Symbol.dispose]: () => socket.destroy(),
  };
}

function endOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}

test('past so many requests at a time the next one is told when to come again; nobody is who may do everything, or only watches', async () => {
  await using cluster = await start({ maxMutatingRequestsInflight: 2, maxRequestsInflight: 1 });
  const { user, master, where } = cluster;
  using first = await beginPost(where, 'first');
  using second = await beginPost(where, 'second');
  const refused = await user('POST', PATH, JSON_BODY, JSON.stringify(configMap('third')));
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
  const { metadata: _, ...status } = refused.json() as Record<string, unknown>; // a Status
  assert.deepEqual(status, {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: 'Too many requests, please try again later.',
    reason: 'TooManyRequests',
    details: { retryAfterSeconds: 1 },
    code: 429,
  });
  assert.equal((await user('GET', PATH)).status, 200, 'reading has places of its own');
  assert.equal((await master('POST', PATH, JSON_BODY, JSON.stringify(configMap('third')))).status, 201);
  assert.equal((await user('GET', '/readyz')).status, 200);
  const metrics = (await master('GET', '/metrics')).text;
  assert.match(metrics, /apiserver_request_total\{code="429"[^\n]*resource="configmaps"[^\n]*verb="POST"[^\n]* 1\n/);
  const watches = await Promise.all([1, 2, 3].map(() => user.open(`${PATH}?watch=true`)));
  assert.deepEqual(
    watches.map(({ statusCode }) => statusCode),
    [200, 200, 200],
  );
  for (const watch of watches) watch.destroy();
  first.finish();
  assert.match(await first.status(), /^HTTP\/1\.1 201 /);
  assert.equal((await user('POST', PATH, JSON_BODY, JSON.stringify(configMap('fourth')))).status, 201);
  second.finish();
  assert.match(await second.status(), /^HTTP\/1\.1 201 /);
});

test('a body that does not come is not waited for: 504, and the connection ends', async () => {
  await using cluster = await start({ requestTimeout_ms: 300, maxMutatingRequestsInflight: 1 });
  using slow = await beginPost(cluster.where, 'slow');
  const text = await slow.status();
  assert.match(text, /^HTTP\/1\.1 504 /);
  assert.match(text, /"reason":"Timeout"/);
  assert.equal((await cluster.user('POST', PATH, JSON_BODY, JSON.stringify(configMap('next')))).status, 201, 'its place is free');
  await slow.ended;
  const missing = await cluster.master('GET', `${PATH}/slow`);
  assert.equal(missing.status, 404);
});

test('timeout of the query shortens that, and must be a duration', async () => {
  await using cluster = await start();
  const { user } = cluster;
  assert.equal((await user('GET', `${PATH}?timeout=32s`)).status, 200);
  const refused = await user('GET', `${PATH}?timeout=soon`);
  assert.deepEqual([refused.status, at(refused.json(), 'message')], [400, 'invalid timeout specified in the request URL - time: invalid duration "soon"']);
  const late = await user('GET', `${PATH}?timeout=100ms&resourceVersion=100000&resourceVersionMatch=NotOlderThan`);
  assert.deepEqual([late.status, at(late.json(), 'reason')], [504, 'Timeout']);
});

test('a watch without an end of its own ends cleanly after the least time, one with an end later', async () => {
  await using cluster = await start({ minRequestTimeout_s: 1 });
  const [short, long] = await Promise.all([cluster.user.open(`${PATH}?watch=true`), cluster.user.open(`${PATH}?watch=true&timeoutSeconds=300`)]);
  await short.toArray();
  assert.deepEqual([short.complete, long.complete], [true, false]);
  long.destroy();
});

test('who says nothing, or only half of it, is not waited for: no greeting of TLS, no head, half a head', async () => {
  await using cluster = await start({ headersTimeout_ms: 400 });
  const silent = connectTcp(cluster.where);
  const greeted = connectTls({ ...cluster.where, rejectUnauthorized: false });
  const half = connectTls({ ...cluster.where, rejectUnauthorized: false });
  half.write('GET /readyz HTTP/1.1\r\nHost: x\r\n');
  for (const socket of [greeted, half]) socket.resume();
  await Promise.all([silent, greeted, half].map(endOf));
  assert.equal((await cluster.user('GET', '/readyz')).status, 200);
});

test('who takes no more of his answer loses it in time', async () => {
  await using cluster = await start({ requestTimeout_ms: 1500, maxRequestsInflight: 1 });
  const data = { text: 'x'.repeat(900_000) };
  for (let index = 0; index < 12; index += 1) {
    const { status } = await cluster.master('POST', PATH, JSON_BODY, JSON.stringify(configMap(`big-${index}`, data)));
    assert.equal(status, 201);
  }
  const answer = await cluster.user.open(PATH);
  answer.pause();
  assert.equal((await cluster.user('GET', `${PATH}/big-1`)).status, 429);
  // Its place is free when it has lost it.
  let status = 429;
  while (status === 429) ({ status } = await cluster.user('GET', `${PATH}/big-1`));
  assert.equal(status, 200);
  await assert.rejects(answer.toArray(), /aborted/);
});

test('a server that stops says so, answers what it has, ends watches cleanly, and takes no more', async () => {
  await using cluster = await start();
  const { server, user, where } = cluster;
  using pending = await beginPost(where, 'pending');
  const watch = await user.open(`${PATH}?watch=true`);
  server.retire();
  const ready = await user('GET', '/readyz');
  assert.deepEqual([ready.status, (await user('GET', '/livez')).status], [503, 200]);
  assert.match(ready.text, /\[-\]shutdown failed: the server is stopping/);
  assert.equal((await user('GET', PATH)).status, 200, 'it serves all the same');
  const silent = connectTcp(where);
  const silentEnds = endOf(silent);
  const stopped = server.stop();
  await watch.toArray();
  assert.equal(watch.complete, true);
  await assert.rejects(user('GET', PATH), { code: 'ECONNREFUSED' });
  pending.finish();
  const answer = await pending.status();
  assert.match(answer, /^HTTP\/1\.1 201 /);
  assert.match(answer, /\r\nConnection: close\r\n/i);
  await Promise.all([stopped, pending.ended, silentEnds]);
});

test('kubectl waits as it is told and gets through', async () => {
  await using cluster = await start({ maxRequestsInflight: 1, maxMutatingRequestsInflight: 1 });
  const { kubectl, where, user } = cluster;
  using first = await beginPost(where, 'first');
  const applied = kubectl('create', 'configmap', 'waits', '--as=jane');
  // Until it was refused once.
  const refusals = async () => /apiserver_request_total\{code="429"[^\n]*verb="POST"[^\n]* (\d+)/.exec((await cluster.master('GET', '/metrics')).text)?.[1];
  while ((await refusals()) === undefined);
  first.finish();
  assert.match(await first.status(), /^HTTP\/1\.1 201 /);
  assert.deepEqual(await applied, { stdout: 'configmap/waits created\n', stderr: '', code: 0 });
  assert.equal((await user('GET', `${PATH}/waits`)).status, 200);
});
