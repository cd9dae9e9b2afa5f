import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { answerHealth, type HealthCheck } from './health.ts';

let storeProblem: string | undefined;
let stopProblem: string | undefined;
const CHECKS: readonly HealthCheck[] = [
  { name: 'ping', problem: async () => undefined },
  { name: 'etcd', problem: async () => storeProblem },
  { name: 'shutdown', ofReadinessOnly: true, problem: async () => stopProblem },
];
const server = createServer((request, response) => {
  void answerHealth(response, new URL(request.url ?? '/', 'http://server'), CHECKS).then((answered) => answered || response.writeHead(418).end());
});
let base = '';
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  base = `http://127.0.0.1:${bound.port}`;
});
after(() => new Promise((resolve) => server.close(resolve)));
const ask = async (path: string) => {
  const answer = await fetch(base + path);
  return [answer.status, await answer.text()] as const;
};

test('a server that is well says ok, and with verbose of which checks', async () => {
  for (const path of ['/livez', '/readyz', '/healthz', '/readyz/', '/readyz/shutdown', '/livez/ping']) assert.deepEqual(await ask(path), [200, 'ok'], path);
  assert.deepEqual(await ask('/livez?verbose'), [200, '[+]ping ok\n[+]etcd ok\nlivez check passed\n']);
  assert.deepEqual(await ask('/readyz?verbose&exclude=etcd'), [200, '[+]ping ok\n[+]shutdown ok\n[+]etcd excluded: ok\nreadyz check passed\n']);
});

test('what is wrong is told, where it counts', async () => {
  stopProblem = 'the server is stopping';
  assert.deepEqual(await ask('/livez'), [200, 'ok']);
  assert.deepEqual(await ask('/readyz'), [503, '[+]ping ok\n[+]etcd ok\n[-]shutdown failed: the server is stopping\nreadyz check failed\n']);
  assert.deepEqual(await ask('/readyz?exclude=shutdown'), [200, 'ok']);
  storeProblem = 'the store does not answer';
  assert.equal((await ask('/healthz'))[0], 503);
  assert.equal((await ask('/livez/etcd'))[0], 503);
});

test('another path is somebody else’s, an unknown check is no page', async () => {
  assert.equal((await ask('/version'))[0], 418);
  assert.deepEqual(await ask('/livez/shutdown'), [404, '404 page not found\n']);
});
