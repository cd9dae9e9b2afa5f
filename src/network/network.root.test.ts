import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import dnsPacket from 'dns-packet';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { createNetwork } from './index.ts';
import { ask, askHost, container, DOCKER, house, inOwnNamespaces, INTERNAL, linux, OTHER, outside, OWN, PODS, serve } from './house.testing.ts';

inOwnNamespaces('the network of a daemon', import.meta.filename, () => {
  test('two containers on a bridge, isolation between bridges', async (t) => {
    const { network } = await house(t);
    const street = await outside(t);
    for (const bridge of [DOCKER, OTHER, INTERNAL, PODS]) await network.ensureBridge(bridge);
    const a = await container(t, network, 'a', DOCKER, '10.88.0.2');
    const b = await container(t, network, 'b', DOCKER, '10.88.0.3');
    const c = await container(t, network, 'c', OTHER, '10.89.0.2');
    const i = await container(t, network, 'i', INTERNAL, '10.90.0.2');
    const pod = await container(t, network, 'pod', PODS, '10.42.0.2');
    serve(t, street, 8000, 'street');
    assert.equal(await ask(a, '10.88.0.3', 80), 'b 10.88.0.2');
    assert.equal(await ask(b, '10.88.0.2', 80), 'a 10.88.0.3');
    assert.equal(await askHost('10.88.0.2', 80), 'a 10.88.0.1');
    const shown = await linux.namespaces
      .run(a, () => promisify(execFile)('sh', ['-c', 'ping -c1 -W1 10.88.0.3 || busybox ping -c1 -W1 10.88.0.3']))
      .catch((error: Error) => error.message);
    if (typeof shown !== 'string') assert.match(shown.stdout, /1 (packets )?received/);
    assert.equal(await ask(c, '10.88.0.2', 80), 'LATE', 'another Docker network');
    assert.equal(await ask(pod, '10.88.0.2', 80), 'LATE', 'a Pod to a Docker network');
    assert.equal(await ask(a, '10.42.0.2', 80), 'pod 10.42.0.1', 'everybody reaches Pods; a Docker network hides its own');
    assert.equal(await ask(street, '10.88.0.2', 80), 'LATE', 'from outside straight to a container');
    assert.equal(await ask(street, '10.42.0.2', 80), 'pod 192.168.77.2', 'from outside straight to a Pod');
    assert.equal(await ask(a, '192.168.77.2', 8000), 'street 192.168.77.1', 'masqueraded');
    assert.equal(await ask(i, '192.168.77.2', 8000), 'LATE', 'internal networks lead nowhere');
    await assert.rejects(network.ensureBridge({ ...OTHER, name: 'gt-rival' }), /overlaps 10.89.0.0\/24 of bridge gt-other/);
    await assert.rejects(network.ensureBridge({ ...OTHER, name: 'up0', subnet: '10.91.0.0/24', gateway: '10.91.0.1' }), /not this daemon's/);
    await network.detach(a, 'eth0');
    assert.equal(await ask(b, '10.88.0.2', 80), 'LATE');
  });

  test('published ports: from 127.0.0.1, the own address, ::1, outside, itself, its neighbour', async (t) => {
    const { network } = await house(t);
    const street = await outside(t);
    await network.ensureBridge(DOCKER);
    await network.ensureBridge(OTHER);
    const a = await container(t, network, 'a', DOCKER, '10.88.0.2');
    const b = await container(t, network, 'b', DOCKER, '10.88.0.3');
    const c = await container(t, network, 'c', OTHER, '10.89.0.2');
    const port = { owner: 'a', protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, targetAddress: '10.88.0.2', targetPort: 80 } as const;
    assert.deepEqual(await network.publish([port]), [port]);
    assert.deepEqual(await network.publish([port]), [port], 'again is fine');
    assert.equal(await askHost('127.0.0.1', 8080), 'a 10.88.0.1');
    assert.equal(await askHost('192.168.77.1', 8080), 'a 192.168.77.1');
    assert.equal(await askHost('::1', 8080), 'a 10.88.0.1');
    assert.match(await askHost('localhost', 8080), /^a /);
    assert.equal(await ask(street, '192.168.77.1', 8080), 'a 192.168.77.2');
    assert.equal(await ask(a, '192.168.77.1', 8080), 'a 10.88.0.1', 'itself');
    assert.equal(await ask(b, '192.168.77.1', 8080), 'a 10.88.0.3', 'its neighbour');
    assert.match(await ask(c, '192.168.77.1', 8080), /^a /, 'from another network');
    assert.throws(() => linux.namespaces.listenTcp(OWN, '0.0.0.0', 8080), /EADDRINUSE/);
    await assert.rejects(network.publish([{ ...port, owner: 'b' }]), /Cannot publish port 0.0.0.0:8080\/tcp: it is published for a/);
    const chosen = await network.publish([
      { ...port, owner: 'b', hostPort: 0 },
      { ...port, owner: 'b', hostAddress: '127.0.0.1', hostPort: 9090 },
    ]);
    assert.equal(await askHost('127.0.0.1', chosen[0]?.hostPort ?? 0), 'a 10.88.0.1');
    assert.equal(await askHost('127.0.0.1', 9090), 'a 10.88.0.1');
    assert.equal(await askHost('192.168.77.1', 9090), 'ECONNREFUSED');
    await assert.rejects(
      network.publish([
        { ...port, owner: 'x', hostPort: 7070 },
        { ...port, owner: 'x', hostPort: 8080 },
      ]),
      /PORT_IN_USE|Cannot publish/,
    );
    assert.equal(await askHost('127.0.0.1', 7070), 'ECONNREFUSED', 'all or none');
    await assert.rejects(network.publish([{ ...port, protocol: 'sctp' }]), /use tcp or udp/);
    await network.unpublish('b');
    assert.equal(await askHost('127.0.0.1', 9090), 'ECONNREFUSED');
    assert.equal(await askHost('127.0.0.1', 8080), 'a 10.88.0.1');
    // The host's own loopback stays out of reach for containers.
    serve(t, OWN, 6060, 'host');
    assert.equal(await askHost('127.0.0.1', 6060), 'host 127.0.0.1');
    await linux.links.batch(['route add 127.0.0.2/32 via 10.88.0.1'], { namespace: a, force: true });
    assert.notEqual(await ask(a, '127.0.0.2', 6060), 'host 10.88.0.2');
  });

  test('published UDP, by IPv4 and ::1', async (t) => {
    const { network } = await house(t);
    await network.ensureBridge(DOCKER);
    const path = await network.createNamespace('u');
    await network.attach({ namespace: path, bridge: DOCKER.name, interfaceName: 'eth0', address: '10.88.0.2', prefixLength: 24, gateway: DOCKER.gateway });
    const server = createSocket('udp4', (packet, { port, address }) => server.send(`echo ${packet}`, port, address));
    server.bind({ fd: linux.namespaces.bindUdp(path, '0.0.0.0', 53) });
    t.after(() => void server.close());
    await network.publish([{ owner: 'u', protocol: 'udp', hostAddress: '0.0.0.0', hostPort: 5300, targetAddress: '10.88.0.2', targetPort: 53 }]);
    for (const [kind, address] of [
      ['udp4', '127.0.0.1'],
      ['udp6', '::1'],
    ] as const) {
      const client = createSocket(kind);
      client.send('hi', 5300, address);
      const [packet] = await once(client, 'message', { signal: AbortSignal.timeout(2000) });
      assert.equal(String(packet), 'echo hi', kind);
      client.close();
    }
  });

  test('DNS in a namespace and where the daemon stands; foreign names without a resolver', async (t) => {
    const { network, runDir } = await house(t);
    await network.ensureBridge(DOCKER);
    const path = await network.createNamespace('d');
    const records = (count: number, name: string) =>
      Array.from({ length: count }, (_, n) => ({ name, type: 'A' as const, ttl_seconds: 30, data: `10.88.0.${n + 2}` }));
    const handler = ({ name }: { name: string }) => {
      if (name === 'web') return { kind: 'records', records: records(2, name) } as const;
      if (name === 'many') return { kind: 'records', records: records(100, name) } as const;
      return name === 'none' ? ({ kind: 'no-such-name' } as const) : ({ kind: 'forward' } as const);
    };
    const inside = await network.serveDns({ namespace: path, address: '127.0.0.11', handler });
    const here = await network.serveDns({ address: DOCKER.gateway, handler });
    const query = async (where: string, address: string, name: string) => {
      const client = createSocket('udp4');
      client.bind({ fd: linux.namespaces.bindUdp(where, '0.0.0.0', 0) });
      client.send(dnsPacket.encode({ type: 'query', id: 7, flags: dnsPacket.RECURSION_DESIRED, questions: [{ type: 'A', name }] }), 53, address);
      const [packet] = await once(client, 'message', { signal: AbortSignal.timeout(6000) });
      client.close();
      return dnsPacket.decode(packet);
    };
    for (const [where, address] of [
      [path, '127.0.0.11'],
      [OWN, DOCKER.gateway],
    ] as const) {
      const web = await query(where, address, 'web');
      assert.deepEqual([web.id, web.flag_aa, web.flag_ra, web.answers?.length], [7, true, true, 2]);
      assert.equal((await query(where, address, 'none')).flags! & 0xf, 3);
      assert.equal((await query(where, address, 'example.com')).flags! & 0xf, 2, 'no resolver');
      const many = await query(where, address, 'many');
      assert.deepEqual([many.flag_tc, many.answers?.length], [true, 0]);
      const tcp = await linux.namespaces.connectTcp(where, address, 53);
      tcp.write(dnsPacket.streamEncode({ type: 'query', id: 8, questions: [{ type: 'A', name: 'many' }] }));
      const answer: Buffer[] = [];
      while (answer.length === 0 || Buffer.concat(answer).length < 2 + Buffer.concat(answer).readUInt16BE(0)) answer.push((await once(tcp, 'data'))[0]);
      assert.equal(dnsPacket.streamDecode(Buffer.concat(answer)).answers?.length, 100);
      tcp.destroy();
    }
    // A resolver of the machine: a responder on another of its addresses.
    await linux.links.batch(['addr add 127.0.0.53/8 dev lo'], { force: true });
    const upstreamNetwork = createNetwork({
      id: 'ff00ff00',
      linux,
      runDir: join(runDir, 'up'),
      logger: silentLogger,
      clock: systemClock,
      random: systemRandom,
    });
    const upstream = await upstreamNetwork.serveDns({ address: '127.0.0.53', handler: ({ name }) => ({ kind: 'records', records: records(1, name) }) });
    const chosen = await network.serveDns({ namespace: path, address: '127.0.0.12', handler, resolvers: ['127.0.0.53'] });
    assert.equal((await query(path, '127.0.0.12', 'example.com')).answers?.length, 1, 'a resolver of its own');
    await writeFile(join(runDir, 'resolv.conf'), '# none\nnameserver 127.0.0.53\n');
    assert.equal((await query(path, '127.0.0.11', 'example.com')).answers?.length, 1);
    for (const responder of [upstream, chosen, inside, here]) await responder[Symbol.asyncDispose]();
  });

  test('cluster DNS: a Service whose backend is a responder on the host, UDP and TCP', async (t) => {
    const { network } = await house(t);
    await network.ensureBridge(PODS);
    const pod = await container(t, network, 'pod', PODS, '10.42.0.2');
    const responder = await network.serveDns({
      address: PODS.gateway,
      handler: ({ name }) => ({ kind: 'records', records: [{ name, type: 'A', ttl_seconds: 5, data: '10.43.0.1' }] }),
    });
    const backends = [{ address: PODS.gateway, port: 53 }];
    await network.setServices([
      { protocol: 'udp', address: '10.43.0.10', port: 53, backends },
      { protocol: 'tcp', address: '10.43.0.10', port: 53, backends },
    ]);
    const question = { type: 'query', id: 7, questions: [{ type: 'A', name: 'kubernetes' }] } as const;
    for (const where of [pod, OWN]) {
      const client = createSocket('udp4');
      client.bind({ fd: linux.namespaces.bindUdp(where, '0.0.0.0', 0) });
      client.send(dnsPacket.encode({ ...question, questions: [...question.questions] }), 53, '10.43.0.10');
      const [packet, from] = await once(client, 'message', { signal: AbortSignal.timeout(2000) });
      client.close();
      assert.deepEqual([dnsPacket.decode(packet).answers?.length, from.address], [1, '10.43.0.10']);
      const tcp = await linux.namespaces.connectTcp(where, '10.43.0.10', 53, AbortSignal.timeout(2000));
      tcp.write(dnsPacket.streamEncode({ ...question, questions: [...question.questions] }));
      assert.equal(dnsPacket.streamDecode((await once(tcp, 'data'))[0]).answers?.length, 1);
      tcp.destroy();
    }
    await responder[Symbol.asyncDispose]();
  });

  test('a daemon that died: the next finds everything and changes nothing', async (t) => {
    const { network, again } = await house(t);
    await network.ensureBridge(DOCKER);
    await network.ensureBridge(PODS);
    const a = await container(t, network, 'a', DOCKER, '10.88.0.2');
    const port = { owner: 'a', protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 8080, targetAddress: '10.88.0.2', targetPort: 80 } as const;
    const service = {
      protocol: 'tcp',
      address: '10.43.0.10',
      port: 80,
      backends: [
        { address: '10.88.0.2', port: 80 },
        { address: '10.88.0.3', port: 80 },
      ],
    } as const;
    await network.publish([port]);
    await network.setServices([service, { ...service, port: 81, affinity_seconds: 10 }, { ...service, port: 82, backends: [] }]);
    const handles = async () => JSON.stringify(await linux.nftables.list('inet', 'gantry_ab12cd34'));
    const before = await handles();
    await network.stop();
    const next = again();
    t.after(() => next.stop());
    await next.start();
    await next.ensureBridge(DOCKER);
    await next.ensureBridge(PODS);
    await next.publish([port]);
    assert.equal(await handles(), before, 'not one rule was made again');
    assert.deepEqual(await next.listNamespaces(), ['a']);
    assert.equal(await next.createNamespace('a'), a);
    assert.equal(await askHost('127.0.0.1', 8080), 'a 10.88.0.1');
    assert.equal(await askHost('::1', 8080), 'a 10.88.0.1');
    await next.stop();
    await linux.nftables.apply('flush chain inet gantry_ab12cd34 destinations\ndelete element inet gantry_ab12cd34 bridges { "gt-docker" }');
    const third = again();
    t.after(() => third.stop());
    await third.start();
    assert.equal(await askHost('127.0.0.1', 8080), 'a 10.88.0.1', 'what was damaged is mended');
    await third.ensureBridge({ ...DOCKER, subnet: '10.87.0.0/24', gateway: '10.87.0.1' });
    const link = (await linux.links.show('addr')).find(({ ifname }) => ifname === DOCKER.name);
    assert.match(JSON.stringify(link), /10\.87\.0\.1/);
    assert.doesNotMatch(JSON.stringify(link), /10\.88\.0\.1/);
  });

  test('nothing is left', async (t) => {
    const state = async () => {
      const { stdout } = await promisify(execFile)('sh', [
        '-c',
        'nft list tables; ip -o link | cut -d: -f2; ip route; cat /proc/sys/net/ipv4/ip_forward; grep nsfs /proc/self/mountinfo | grep gantry-network || true',
      ]);
      return stdout;
    };
    await linux.links.batch(['link set lo up']);
    const before = await state();
    const { network, again, runDir } = await house(t);
    await network.ensureBridge(DOCKER);
    await container(t, network, 'a', DOCKER, '10.88.0.2');
    await network.publish([{ owner: 'a', protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 0, targetAddress: '10.88.0.2', targetPort: 80 }]);
    assert.notEqual(await state(), before);
    assert.equal(await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8'), '1\n');
    await network.stop();
    await again().removeAll();
    assert.equal(await state(), before);
    assert.deepEqual(await promisify(execFile)('ls', [runDir]).then(({ stdout }) => stdout.split('\n').filter(Boolean)), ['resolv.conf']);
    await again().removeAll();
  });

  test('what an attachment costs', async (t) => {
    const { network } = await house(t);
    await network.ensureBridge(DOCKER);
    const times: Record<string, number[]> = { namespace: [], attach: [], detach: [], remove: [], publish: [], unpublish: [] };
    const timed = async (name: string, task: () => Promise<unknown>) => {
      const start = performance.now();
      await task();
      times[name]?.push(performance.now() - start);
    };
    for (let n = 2; n < 32; n += 1) {
      const path = network.namespacePath(`c${n}`);
      await timed('namespace', () => network.createNamespace(`c${n}`));
      await timed('attach', () =>
        network.attach({ namespace: path, bridge: DOCKER.name, interfaceName: 'eth0', address: `10.88.0.${n}`, prefixLength: 24, gateway: DOCKER.gateway }),
      );
      await timed('publish', () =>
        network.publish([{ owner: `c${n}`, protocol: 'tcp', hostAddress: '0.0.0.0', hostPort: 20_000 + n, targetAddress: `10.88.0.${n}`, targetPort: 80 }]),
      );
      await timed('unpublish', () => network.unpublish(`c${n}`));
      await timed('detach', () => network.detach(path, 'eth0'));
      await timed('remove', () => network.removeNamespace(`c${n}`));
    }
    const median = (values: readonly number[]) => values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)]?.toFixed(2);
    t.diagnostic(
      Object.entries(times)
        .map(([name, values]) => `${name} ${median(values)} ms`)
        .join(', '),
    );
  });
});
