import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { ask, askHost, container, DOCKER, house, inOwnNamespaces, linux, outside, PODS } from './house.testing.ts';

const CHANGES = 600;
/** Opens connections, four at a time, until it is told that it is enough; runs beside the one that changes the rules. */
const CLIENT = `
  const { connect } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  let [isOver, count] = [false, 0];
  const failures = [];
  parentPort.once('message', () => { isOver = true; });
  const ask = () => new Promise((resolve) => {
    const socket = connect(workerData, () => socket.resetAndDestroy());
    socket.on('error', ({ code }) => failures.push(code)).on('close', resolve);
  });
  const work = async () => { while (!isOver) { count += 1; await ask(); } };
  Promise.all([work(), work(), work(), work()]).then(() => parentPort.postMessage({ count, failures }));
`;

inOwnNamespaces('Services', import.meta.filename, () => {
  test('a UDP client that keeps its port follows a published port and a Service to another container', async (t) => {
    const { network } = await house(t);
    await network.ensureBridge(DOCKER);
    for (const n of [2, 3]) {
      const address = `10.88.0.${n}`;
      const path = await network.createNamespace(`u${n}`);
      await network.attach({ namespace: path, bridge: DOCKER.name, interfaceName: 'eth0', address, prefixLength: 24, gateway: DOCKER.gateway });
      const server = createSocket('udp4', (_packet, { port, address: client }) => server.send(`u${n}`, port, client));
      server.bind({ fd: linux.namespaces.bindUdp(path, '0.0.0.0', 53) });
      t.after(() => void server.close());
    }
    const client = createSocket('udp4');
    t.after(() => void client.close());
    const ask = async (address: string, port: number) => {
      client.send('hi', port, address);
      const [packet] = await once(client, 'message', { signal: AbortSignal.timeout(2000) });
      return String(packet);
    };
    const published = { owner: 'u', protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 5300, targetPort: 53 } as const;
    await network.publish([{ ...published, targetAddress: '10.88.0.2' }]);
    assert.equal(await ask('127.0.0.1', 5300), 'u2');
    await network.republish('u', [{ ...published, targetAddress: '10.88.0.3' }]);
    assert.equal(await ask('127.0.0.1', 5300), 'u3');

    const service = { protocol: 'udp', address: '10.43.0.53', port: 53 } as const;
    for (const n of [2, 3, 2]) {
      await network.setServices([{ ...service, backends: [{ address: `10.88.0.${n}`, port: 53 }] }]);
      assert.equal(await ask('10.43.0.53', 53), `u${n}`);
    }
  });

  test('a Service spreads, from a Pod, the host and outside; changes keep connections', async (t) => {
    const { network } = await house(t);
    const street = await outside(t);
    await network.ensureBridge(PODS);
    await network.ensureBridge(DOCKER);
    const pods: string[] = [];
    for (const n of [2, 3, 4]) pods.push(await container(t, network, `p${n}`, PODS, `10.42.0.${n}`));
    const other = await container(t, network, 'other', PODS, '10.42.0.9');
    const docker = await container(t, network, 'docker', DOCKER, '10.88.0.2');
    const backends = [2, 3, 4].map((n) => ({ address: `10.42.0.${n}`, port: 80 }));
    const service = { protocol: 'tcp', address: '10.43.0.10', port: 80, nodePort: 30_080, backends } as const;
    await network.setServices([service]);
    const spread = async (question: () => Promise<string>) => {
      const seen = new Set<string>();
      for (let count = 0; count < 60; count += 1) seen.add((await question()).split(' ')[0] ?? '');
      return [...seen].toSorted().join(' ');
    };
    assert.equal(await spread(() => ask(other, '10.43.0.10', 80)), 'p2 p3 p4', 'from a Pod');
    assert.equal(await spread(() => ask(pods[0] ?? '', '10.43.0.10', 80)), 'p2 p3 p4', 'from a backend, itself included');
    assert.equal(await spread(() => ask(docker, '10.43.0.10', 80)), 'p2 p3 p4', 'from a Docker container');
    assert.equal(await spread(() => askHost('10.43.0.10', 80)), 'p2 p3 p4', 'from the host');
    assert.equal(await spread(() => askHost('127.0.0.1', 30_080)), 'p2 p3 p4', 'node port by loopback');
    assert.equal(await spread(() => ask(street, '192.168.77.1', 30_080)), 'p2 p3 p4', 'node port from outside');
    assert.match(await ask(other, '10.43.0.10', 80), / 10\.42\.0\.9$/, 'the client address is kept');

    const talk = await linux.namespaces.connectTcp(other, '10.43.0.10', 80);
    const [hello] = await once(talk, 'data');
    const mine = String(hello).split(' ')[0];
    const left = backends.filter(({ address }) => `p${address.split('.')[3]}` !== mine);
    await network.setServices([{ ...service, backends: left }]);
    talk.write('still there');
    assert.equal(String((await once(talk, 'data'))[0]), 'still there');
    talk.destroy();
    assert.ok(!(await spread(() => ask(other, '10.43.0.10', 80))).includes(mine ?? ''));

    await network.setServices([
      { ...service, affinity_seconds: 60 },
      { protocol: 'tcp', address: '10.43.0.11', port: 80, backends: [] },
    ]);
    assert.match(await spread(() => ask(other, '10.43.0.10', 80)), /^p\d$/, 'the same client, the same backend');
    const before = await ask(other, '10.43.0.10', 80);
    await network.setServices([{ ...service, affinity_seconds: 60 }]);
    assert.equal(await ask(other, '10.43.0.10', 80), before);
    await network.setServices([{ ...service, backends: [] }]);
    assert.equal(await ask(other, '10.43.0.10', 80), 'ECONNREFUSED', 'no backend, from a Pod');
    assert.equal(await askHost('10.43.0.10', 80), 'ECONNREFUSED', 'no backend, from the host');
    assert.equal(await ask(other, '10.43.0.99', 80), 'ECONNREFUSED', 'no such Service');
    assert.equal(await askHost('127.0.0.1', 30_080), 'ECONNREFUSED');
    await network.setServices([]);
  });

  test('no connection is refused while the backends of a Service change again and again', async (t) => {
    const { network } = await house(t);
    await network.ensureBridge(PODS);
    for (const n of [2, 3, 4]) await container(t, network, `p${n}`, PODS, `10.42.0.${n}`);
    const backends = [2, 3, 4].map((n) => ({ address: `10.42.0.${n}`, port: 80 }));
    const service = { protocol: 'tcp', address: '10.43.0.10', port: 80, backends } as const;
    await network.setServices([service]);
    const client = new Worker(CLIENT, { eval: true, workerData: { host: service.address, port: service.port } });
    const answer = once(client, 'message');
    for (let change = 1; change <= CHANGES; change += 1) await network.setServices([{ ...service, backends: backends.slice(change % 2) }]);
    client.postMessage('enough');
    const [{ count, failures }] = (await answer) as [{ readonly count: number; readonly failures: readonly string[] }];
    t.diagnostic(`${CHANGES} changes, ${count} connections`);
    assert.deepEqual(failures, []);
    assert.ok(count > CHANGES / 10);
  });
});
