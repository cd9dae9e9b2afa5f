import assert from 'node:assert/strict';
import { get } from 'node:https';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { type ApiServerOptions, createApiServer, type NodeConnection } from '#cluster/apiserver';
import type { V1ConfigMap, V1Node, V1Pod } from '#cluster/api';
import { CONFIG_MAPS, createInformer, httpClient, isStatus, loadKubeconfig, NODES, podExec, podLogs, PODS, type ServerAccess } from '#cluster/client';
import { openMemoryStore } from '#cluster/store';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { eventually } from '../support/eventually.ts';
import { selfSigned } from '../support/self-signed.ts';

const base = { clock: systemClock, random: systemRandom, logger: silentLogger };
const user = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

function options(store: ApiServerOptions['store'], nodes: ApiServerOptions['nodes'] = () => undefined): ApiServerOptions {
  return {
    ...base,
    store,
    serviceCidr: '10.96.0.0/24',
    nodes,
    version: 'v1.36.0+gantry-test',
    tokens: new Map([['secret', user]]),
    admission: { disable: ['ServiceAccount'] },
  };
}

const map = (name: string, value: string): V1ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } });

test('over HTTPS: verbs, errors, and an informer that survives the server', async () => {
  const { cert, key } = await selfSigned();
  await using store = Object.assign(await openMemoryStore(), { [Symbol.asyncDispose]: () => store.close() });
  let server = await createApiServer(options(store));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0, cert, key });
  const access: ServerAccess = { server: `https://127.0.0.1:${port}`, ca: cert, token: 'secret' };
  const client = httpClient(access);
  const maps = client.resource<V1ConfigMap>(CONFIG_MAPS);
  const informer = createInformer<V1ConfigMap>(client, CONFIG_MAPS, { ...base, namespace: 'default', indexes: { value: ({ data }) => [data?.value ?? ''] } });
  const seen = (name: string, value: string) =>
    new Promise<void>((resolve) => {
      const look = () => informer.get('default', name)?.data?.value === value && resolve();
      informer.onChange(look);
      look();
    });
  try {
    await informer.start();
    await maps.create(map('a', '1'));
    await seen('a', '1');
    await assert.rejects(maps.create(map('a', '1')), (error) => isStatus(error, 'AlreadyExists'));
    await maps.patch('a', 'default', 'merge', { data: { value: '2' } });
    await seen('a', '2');
    assert.deepEqual(
      informer.byIndex('value', '2').map(({ metadata }) => metadata.name),
      ['a'],
    );
    assert.deepEqual(informer.byIndex('value', '1'), []);

    await server.stop();
    await assert.rejects(maps.get('a', 'default'), { code: 'API_UNREACHABLE' });
    server = await createApiServer(options(store));
    await server.listen({ host: '127.0.0.1', port, cert, key });
    await maps.create(map('b', '3'));
    await maps.delete('a', 'default');
    await seen('b', '3');
    await new Promise<void>((resolve) => {
      const look = () => informer.get('default', 'a') === undefined && resolve();
      informer.onChange(look);
      look();
    });
  } finally {
    await informer.stop();
    await client.close();
    await server.stop();
  }
});

test('over HTTPS: a client that is told to come again comes again', async () => {
  const { cert, key } = await selfSigned();
  await using store = Object.assign(await openMemoryStore(), { [Symbol.asyncDispose]: () => store.close() });
  const tokens = new Map([['secret', { name: 'jane', groups: ['system:authenticated'] }]]);
  const limits = { maxMutatingRequestsInflight: 1 };
  const server = await createApiServer({ ...options(store), tokens, limits, authorizationModes: ['AlwaysAllow'] });
  const { port } = await server.listen({ host: '127.0.0.1', port: 0, cert, key });
  const client = httpClient({ server: `https://127.0.0.1:${port}`, ca: cert, token: 'secret' });
  const maps = client.resource<V1ConfigMap>(CONFIG_MAPS);
  // The first write takes the only place, until another one was refused.
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const put = store.put.bind(store);
  store.put = async (...given) => {
    held.resolve();
    await released.promise;
    return await put(...given);
  };
  const metrics = { ca: cert, headers: { authorization: 'Bearer secret' }, agent: false } as const;
  const refusals = () =>
    new Promise<boolean>((resolve) => {
      get(`https://127.0.0.1:${port}/metrics`, metrics, (answer) => {
        void answer.toArray().then((parts) => resolve(/apiserver_request_total\{code="429"/.test(Buffer.concat(parts).toString())));
      });
    });
  try {
    const first = maps.create(map('first', 'x'));
    await held.promise;
    const second = maps.create(map('second', 'x'));
    await eventually('the second is refused', refusals);
    released.resolve();
    assert.deepEqual([(await first).metadata.name, (await second).metadata.name], ['first', 'second']);
  } finally {
    await client.close();
    await server.stop();
  }
});

test('logs and exec reach a Pod through the server', async () => {
  const { cert, key } = await selfSigned();
  await using store = Object.assign(await openMemoryStore(), { [Symbol.asyncDispose]: () => store.close() });
  const refuse = () => Promise.reject(new Error('not here'));
  const node: NodeConnection = {
    async exec(_pod, { command }) {
      const stdin = new PassThrough();
      const stdout = new PassThrough();
      const stderr = new PassThrough();
      stderr.end(`ran ${command.join(' ')}`);
      stdin.pipe(stdout);
      return {
        stdin,
        stdout,
        stderr,
        exited: new Promise((resolve) => stdout.once('end', () => resolve(7))),
        resize: async () => undefined,
        detach: () => undefined,
      };
    },
    attach: refuse,
    portForward: refuse,
    stats: refuse,
    async logs() {
      return (async function* () {
        yield { time: '2026-01-01T00:00:00Z', stream: 'stdout' as const, content: Buffer.from('hello\n'), partial: false };
      })();
    },
  };
  const server = await createApiServer(options(store, () => node));
  const { port } = await server.listen({ host: '127.0.0.1', port: 0, cert, key });
  const access = await loadKubeconfig({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': Buffer.from(cert).toString('base64') } }],
    users: [{ name: 'u', user: { token: 'secret' } }],
  });
  const client = httpClient(access);
  try {
    await client.resource<V1Node>(NODES).create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    await client.resource<V1Pod>(PODS).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'default' },
      spec: { nodeName: 'n', containers: [{ name: 'main', image: 'x' }] },
    });
    const log = await podLogs(access, { namespace: 'default', name: 'p' });
    assert.equal(Buffer.concat(await log.toArray()).toString(), 'hello\n');
    await assert.rejects(podLogs(access, { namespace: 'default', name: 'none' }), (error) => isStatus(error, 'NotFound'));
    const process = await podExec(access, { namespace: 'default', name: 'p', command: ['cat', '-'], stdin: true, terminal: false });
    process.stdin?.end('some input');
    const [out, err, code] = await Promise.all([process.stdout.toArray(), process.stderr?.toArray(), process.exited]);
    assert.equal(Buffer.concat(out).toString(), 'some input');
    assert.equal(Buffer.concat(err ?? []).toString(), 'ran cat -');
    assert.equal(code, 7);
    await assert.rejects(podExec(access, { namespace: 'default', name: 'none', command: ['x'], stdin: false, terminal: false }), (error) =>
      isStatus(error, 'NotFound'),
    );
  } finally {
    await client.close();
    await server.stop();
  }
});
