import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { createLogger, silentLogger, systemClock, systemRandom } from '#kit';
import { openLinux } from '#linux';
import { createNetwork } from './index.ts';
import type { BridgeSpec, Network } from './types.ts';

const INSIDE = '--inside';

/** Runs a file's tests in network and mount namespaces of their own: the process starts that file again there. */
export function inOwnNamespaces(what: string, file: string, tests: () => void): void {
  if (process.argv.includes(INSIDE)) return tests();
  void test(`${what}, in a namespace of its own`, async (t) => {
    if (process.getuid?.() !== 0) return t.skip('needs root');
    const args = ['-n', '-m', process.execPath, '--test-reporter=spec', file, INSIDE];
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const output = await promisify(execFile)('unshare', args, { env }).catch((error: { stdout: string; stderr: string }) =>
      assert.fail(error.stdout + error.stderr),
    );
    t.diagnostic(output.stdout);
  });
}

export const linux = openLinux();
export const OWN = '/proc/self/ns/net';
export const DOCKER: BridgeSpec = { name: 'gt-docker', subnet: '10.88.0.0/24', gateway: '10.88.0.1', internal: false, masquerade: true };
export const OTHER: BridgeSpec = { name: 'gt-other', subnet: '10.89.0.0/24', gateway: '10.89.0.1', internal: false, masquerade: true };
export const INTERNAL: BridgeSpec = { name: 'gt-internal', subnet: '10.90.0.0/24', gateway: '10.90.0.1', internal: true, masquerade: true };
export const PODS: BridgeSpec = { name: 'gt-pods', subnet: '10.42.0.0/24', gateway: '10.42.0.1', internal: false, masquerade: true, isolated: false };

export interface House {
  readonly network: Network;
  readonly runDir: string;
  again(): Network;
}

export async function house(t: TestContext): Promise<House> {
  await linux.links.batch(['link set lo up']);
  const runDir = await mkdtemp(join(tmpdir(), 'gantry-network-'));
  const resolvConf = join(runDir, 'resolv.conf');
  await writeFile(resolvConf, '');
  const logger = process.argv.includes('--verbose')
    ? createLogger({ level: 'debug', clock: systemClock, write: (line) => void process.stdout.write(`${line}\n`) })
    : silentLogger;
  const again = () =>
    createNetwork({ id: 'ab12cd34', linux, runDir, logger, clock: systemClock, random: systemRandom, serviceCidr: '10.43.0.0/16', resolvConf });
  const network = again();
  t.after(async () => {
    await network.stop();
    await again().removeAll();
    await rm(runDir, { recursive: true, force: true });
  });
  await network.start();
  return { network, runDir, again };
}

/** A container with a TCP server on port 80 that says its name and who asked. */
export async function container(t: TestContext, network: Network, id: string, bridge: BridgeSpec, address: string): Promise<string> {
  const path = await network.createNamespace(id);
  await network.attach({ namespace: path, bridge: bridge.name, interfaceName: 'eth0', address, prefixLength: 24, gateway: bridge.gateway });
  serve(t, path, 80, id);
  return path;
}

export function serve(t: TestContext, path: string, port: number, name: string): void {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write(`${name} ${socket.remoteAddress}`);
    socket.on('data', (data) => socket.write(data));
  });
  server.listen({ fd: linux.namespaces.listenTcp(path, '0.0.0.0', port) });
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
}

export async function first(stream: Duplex): Promise<string> {
  const [data] = await once(stream, 'data', { signal: AbortSignal.timeout(2000) });
  stream.destroy();
  return String(data);
}

/** What a server says to a connection from inside `path`; the code of the error otherwise. */
export async function ask(path: string, address: string, port: number): Promise<string> {
  try {
    return await first(await linux.namespaces.connectTcp(path, address, port, AbortSignal.timeout(400)));
  } catch (error) {
    if (error instanceof DOMException) return 'LATE';
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

export async function askHost(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  return await first(socket).catch((error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)));
}

/** A neighbour of the host on a link of its own: the host is 192.168.77.1. */
export async function outside(t: TestContext): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'gantry-outside-'));
  const path = join(base, 'ns');
  await linux.namespaces.create(path);
  t.after(async () => {
    await linux.links.batch(['link del up0'], { force: true });
    await linux.namespaces.remove(path);
    await rm(base, { recursive: true, force: true });
  });
  await linux.links.batch(['link add up0 type veth peer name up1', 'addr add 192.168.77.1/24 dev up0', 'link set up0 up']);
  const child = linux.namespaces.run(path, () => process.getBuiltinModule('node:child_process').spawn('sleep', ['30']));
  await linux.links.batch([`link set up1 netns ${child.pid}`]);
  child.kill('SIGKILL');
  await linux.links.batch(['addr add 192.168.77.2/24 dev up1', 'link set up1 up', 'route add 10.0.0.0/8 via 192.168.77.1'], { namespace: path });
  return path;
}
