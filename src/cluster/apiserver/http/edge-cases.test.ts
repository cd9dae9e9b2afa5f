import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { silentLogger } from '#kit';
import type { ApiServerOptions } from '../index.ts';
import { at, httpsOf } from '../testkit/https.ts';
import { connectKubectl } from '../testkit/kubectl.ts';
import { configMap, startTestServer } from '../testkit/server.ts';

const PATH = '/api/v1/namespaces/default/configmaps';
const WAITS = `${PATH}?resourceVersion=100000&resourceVersionMatch=NotOlderThan`;
const TOKENS = new Map([['user', { name: 'jane', groups: ['system:authenticated'] }]]);

async function start(limits: ApiServerOptions['limits'] = {}) {
  const errors: unknown[] = [];
  const logger = { ...silentLogger, error: (_message: string, fields?: object) => void errors.push(fields) };
  const server = await startTestServer({ tokens: TOKENS, authorizationModes: ['AlwaysAllow'], limits, logger });
  const kubectl = await connectKubectl(server);
  const { hostname: host, port } = new URL(kubectl.url);
  return {
    server,
    errors,
    user: httpsOf(kubectl.url, 'user'),
    /** A connection by which that much was sent. */
    async send(text: string) {
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
      socket.on('error', () => undefined).resume();
      await once(socket, 'secureConnect');
      await new Promise<void>((resolve) => socket.write(text, () => resolve()));
      return socket;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await kubectl[Symbol.asyncDispose]();
    },
  };
}
type Started = Awaited<ReturnType<typeof start>>;

function head(method: string, path: string, more: readonly string[] = []): string {
  return `${[`${method} ${path} HTTP/1.1`, 'Host: x', 'Authorization: Bearer user', ...more].join('\r\n')}\r\n\r\n`;
}

/** Until the server does what it does when a client has gone. */
async function refusedNoMore({ user }: Started): Promise<void> {
  let status = 429;
  while (status === 429) ({ status } = await user('GET', PATH));
  assert.equal(status, 200);
}

test('what has no watch below /watch/ is refused there, and nothing is done', async () => {
  await using started = await start();
  const { user } = started;
  assert.equal((await user('POST', PATH, { 'content-type': 'application/json' }, JSON.stringify(configMap('a')))).status, 201);
  for (const method of ['DELETE', 'PUT', 'PATCH', 'POST', 'OPTIONS', 'HEAD'])
    for (const path of ['/api/v1/watch/namespaces/default/configmaps', '/api/v1/watch/namespaces/default/configmaps/a'])
      assert.equal((await user(method, path)).status, 405, `${method} ${path}`);
  assert.equal((await user('GET', `${PATH}/a`)).status, 200);
  for (const method of ['OPTIONS', 'HEAD']) assert.equal((await user(method, `${PATH}/a`)).status, 405, method);
});

test('a time that is no time is refused where a request has one, and asked of no watch; none below zero is meant', async () => {
  await using started = await start();
  const { user } = started;
  assert.equal((await user('GET', `${PATH}?timeout=soon`)).status, 400);
  const watch = await user.open(`${PATH}?watch=true&timeout=soon`);
  assert.equal(watch.statusCode, 200);
  watch.destroy();
  for (const timeout of ['-1s', '0s', '+5s']) assert.equal((await user('GET', `${PATH}?timeout=${encodeURIComponent(timeout)}`)).status, 200, timeout);
  assert.equal((await user('GET', `${PATH}?watch=true&timeoutSeconds=soon`)).status, 400);
});

test('requests that wait behind others on a connection that ends give their places back', async () => {
  await using started = await start({ maxRequestsInflight: 2 });
  for (const behind of [PATH, WAITS, PATH, WAITS]) {
    const socket = await started.send(head('GET', WAITS) + head('GET', behind));
    while ((await started.user('GET', PATH)).status === 200);
    socket.destroy();
    await refusedNoMore(started);
  }
});

test('a client that goes away in the middle of its words is no fault of the server', async () => {
  await using started = await start({ maxMutatingRequestsInflight: 1 });
  const { user, errors } = started;
  const post = () => user('POST', `${PATH}?dryRun=All`, { 'content-type': 'application/json' }, JSON.stringify(configMap('b')));
  for (const text of [head('POST', PATH, ['Content-Type: application/json', 'Content-Length: 100']), head('POST', WAITS, ['Content-Length: 5'])]) {
    const socket = await started.send(`${text}{"a`);
    while ((await post()).status !== 429);
    socket.destroy();
    let answer = await post();
    while (answer.status === 429) answer = await post();
    assert.equal(answer.status, 201, String(at(answer.json(), 'message')));
  }
  const waiting = await started.send(head('GET', WAITS));
  waiting.destroy();
  await refusedNoMore(started);
  assert.deepEqual(errors, []);
});
