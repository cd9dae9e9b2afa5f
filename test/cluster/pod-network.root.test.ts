import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import dnsPacket from 'dns-packet';
import { createApiServer } from '#cluster/apiserver';
import { ENDPOINT_SLICES, inProcessClient, SERVICES } from '#cluster/client';
import { type ClusterPodNetwork, createClusterDns, createPodNetwork, createServiceProxy, createServiceState } from '#cluster/network';
import { openMemoryStore } from '#cluster/store';
import { silentLogger as logger, systemClock as clock, systemRandom as random } from '#kit';
import { openLinux } from '#linux';
import { createNetwork } from '#network';

const INSIDE = '--inside';

// The test runs in network and mount namespaces of its own: the process starts itself again there.
if (!process.argv.includes(INSIDE)) {
  test('the Pods’ network, Services and DNS on real wires', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root');
    const args = ['-n', '-m', process.execPath, '--test-reporter=spec', import.meta.filename, INSIDE];
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const output = await promisify(execFile)('unshare', args, { env }).catch((error: { stdout: string; stderr: string }) =>
      assert.fail(error.stdout + error.stderr),
    );
    t.diagnostic(output.stdout);
  });
} else {
  test('Pods reach each other, a Service and names; addresses outlive the daemon', inside);
}

const linux = openLinux();

async function inside(t: TestContext): Promise<void> {
  await linux.links.batch(['link set lo up']);
  const dir = await mkdtemp(join(tmpdir(), 'gantry-pods-'));
  await writeFile(join(dir, 'resolv.conf'), '');
  const shared = { logger, clock, random };
  const network = createNetwork({ id: 'ab12cd35', linux, runDir: dir, ...shared, serviceCidr: '10.43.0.0/16', resolvConf: join(dir, 'resolv.conf') });
  t.after(async () => {
    await network.stop();
    await network.removeAll();
    await rm(dir, { recursive: true, force: true });
  });
  await network.start();
  const makePods = () =>
    createPodNetwork({
      network,
      podCidr: '10.42.0.0/24',
      bridge: 'gt-pods',
      clusterDnsAddress: '10.43.0.10',
      clusterDomain: 'cluster.local',
      dataDir: dir,
      logger,
      connectTcp: (path, address, port) => linux.namespaces.connectTcp(path, address, port),
    });
  const pods = makePods();
  await pods.start();
  await withCluster(t, network, pods);
  const again = makePods();
  await again.start();
  assert.deepEqual(await again.add(podOf('a')), await pods.add(podOf('a')));
  assert.deepEqual([...(await again.list())].sort(), ['a', 'b']);
  await again.remove('a');
  await again.remove('b');
  assert.deepEqual(await again.list(), []);
}

const podOf = (uid: string) => ({ uid, namespace: 'default', name: `pod-${uid}` });

async function withCluster(t: TestContext, network: ReturnType<typeof createNetwork>, pods: ClusterPodNetwork): Promise<void> {
  const store = await openMemoryStore();
  const server = await createApiServer({ store, clock, random, logger, serviceCidr: '10.43.0.0/16', nodes: () => undefined, version: 'v1.36.0' });
  const client = inProcessClient(server.handler, { name: 'admin', groups: ['system:masters'] });
  const state = createServiceState({ client, clock, random, logger });
  const dns = createClusterDns({
    state,
    network,
    client,
    listen: pods.gateway,
    serviceAddress: '10.43.0.10',
    clusterDomain: 'cluster.local',
    cidrs: [],
    logger,
  });
  const proxy = createServiceProxy({ state, network, clock, random, logger, nodeName: 'n', dns: { address: '10.43.0.10', target: pods.gateway } });
  t.after(async () => {
    await Promise.all([dns.stop(), proxy.stop()]);
    await state.stop();
    await server.stop();
    await store.close();
  });
  await Promise.all([dns.start(), proxy.start()]);
  const [a, b] = await Promise.all([pods.add(podOf('a')), pods.add(podOf('b'))]);
  serve(t, a.namespacePath, 'a');
  serve(t, b.namespacePath, 'b');
  assert.equal(await text(await linux.namespaces.connectTcp(a.namespacePath, b.address, 80)), `b ${a.address}`);
  assert.match(await text(connect({ host: a.address, port: 80 })), /^a /);
  assert.equal(await text(await pods.connect('a', 80)), 'a 127.0.0.1');

  const meta = { name: 'web', namespace: 'default' };
  await client
    .resource(SERVICES)
    .create({ apiVersion: 'v1', kind: 'Service', metadata: meta, ...{ spec: { clusterIP: '10.43.0.77', ports: [{ port: 8000, targetPort: 80 }] } } });
  const slice = {
    endpoints: [a, b].map(({ address }, index) => ({ addresses: [address], conditions: { ready: true }, targetRef: { kind: 'Pod', uid: 'ab'[index] } })),
    addressType: 'IPv4',
    ports: [{ port: 80, protocol: 'TCP' }],
  };
  const labels = { 'kubernetes.io/service-name': 'web' };
  await client.resource(ENDPOINT_SLICES).create({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { ...meta, labels }, ...slice });
  await seen(() => linux.namespaces.connectTcp(a.namespacePath, '10.43.0.77', 8000), ['a', 'b']);
  assert.deepEqual(await lookUp(a.namespacePath, 'web.default.svc.cluster.local'), ['10.43.0.77']);
  assert.deepEqual(await lookUp(undefined, 'kube-dns.kube-system.svc.cluster.local'), ['10.43.0.10']);

  const endpoints = slice.endpoints.map((endpoint, index) =>
    index === 0 ? { ...endpoint, conditions: { ready: false, serving: true, terminating: true } } : endpoint,
  );
  await client.resource(ENDPOINT_SLICES).patch('web', 'default', 'merge', { endpoints });
  await proxy.drained({ uid: 'a', address: a.address });
  for (let count = 0; count < 20; count += 1) assert.match(await text(await linux.namespaces.connectTcp(b.namespacePath, '10.43.0.77', 8000)), /^b /);

  await pods.publish('b', [{ hostPort: 18080, hostAddress: '127.0.0.1', containerPort: 80, protocol: 'TCP' }]);
  assert.match(await text(connect({ host: '127.0.0.1', port: 18080 })), /^b /);
}

/** A server on port 80 in a Pod that says its name and who asked. */
function serve(t: TestContext, path: string, name: string): void {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(`${name} ${socket.remoteAddress}`);
  });
  server.listen({ fd: linux.namespaces.listenTcp(path, '0.0.0.0', 80) });
  t.after(() => server.close());
}

async function text(stream: Duplex): Promise<string> {
  const [data] = await once(stream, 'data', { signal: AbortSignal.timeout(3000) });
  stream.destroy();
  return String(data);
}

/** Asks until each of the names has answered. */
async function seen(dial: () => Promise<Duplex>, names: readonly string[]): Promise<void> {
  const missing = new Set(names);
  for (let count = 0; missing.size > 0; count += 1) {
    assert.ok(count < 100, `no answer from ${[...missing].join()}`);
    const answer = await dial()
      .then(text)
      .catch(() => '');
    missing.delete(answer.split(' ')[0] ?? '');
    if (answer === '') await clock.sleep(10);
  }
}

async function lookUp(path: string | undefined, name: string): Promise<readonly unknown[]> {
  const socket = createSocket('udp4');
  const bound = once(socket, 'listening');
  if (path === undefined) socket.bind();
  else socket.bind({ fd: linux.namespaces.bindUdp(path, '0.0.0.0', 5353) });
  await bound;
  socket.send(dnsPacket.encode({ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type: 'A', name }] }), 53, '10.43.0.10');
  const [packet] = await once(socket, 'message', { signal: AbortSignal.timeout(3000) });
  socket.close();
  return (dnsPacket.decode(packet).answers ?? []).map((answer) => (answer.type === 'A' ? answer.data : answer.type));
}
