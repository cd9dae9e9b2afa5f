import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Random, systemClock, systemRandom } from '#kit';

/** Why there is no etcd to try here; undefined where it is installed. */
export function etcdMissing(): string | undefined {
  const isThere = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'etcd')));
  return isThere ? undefined : 'etcd is not installed (Debian: etcd-server)';
}

export interface TestEtcd extends AsyncDisposable {
  readonly endpoints: readonly string[];
  /** kill -9 of one member; resolves when it is gone. */
  kill(member: number): Promise<void>;
  /** Starts a member again that was killed. */
  revive(member: number): Promise<void>;
}

export interface TestEtcdOptions {
  /** Of the first member, such as its certificate has it. */
  readonly address?: string;
  /** Further ones of every member; with `--cert-file` it serves https. */
  readonly options?: readonly string[];
}

/** A cluster of real etcd, each member at a loopback address of its own, with its data in a temporary folder. */
export async function startTestEtcd(members = 1, { address: first, options = [] }: TestEtcdOptions = {}): Promise<TestEtcd> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-etcd-'));
  const addresses = Array.from({ length: members }, (_, index) => (index === 0 ? first : undefined) ?? loopbackAddress(systemRandom));
  const scheme = options.some((option) => option === '--cert-file') ? 'https' : 'http';
  const cluster = addresses.map((address, index) => `m${index}=http://${address}:2380`).join(',');
  const children = new Map<number, ChildProcess>();
  const start = async (member: number) => {
    const [address = '', name] = [addresses[member], `m${member}`];
    const urls = { client: `${scheme}://${address}:2379`, peer: `http://${address}:2380` };
    const command = ['--name', name, '--data-dir', join(folder, name), '--initial-cluster', cluster, '--logger', 'zap', '--log-level', 'error'];
    const client = ['--listen-client-urls', urls.client, '--advertise-client-urls', urls.client];
    const peer = ['--listen-peer-urls', urls.peer, '--initial-advertise-peer-urls', urls.peer];
    children.set(member, spawn('etcd', [...command, ...client, ...peer, ...options], { stdio: 'ignore' }));
    await listening(address);
  };
  const end = async (member: number) => {
    const child = children.get(member);
    children.delete(member);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  await Promise.all(addresses.map((_, member) => start(member)));
  return {
    endpoints: addresses.map((address) => `${scheme}://${address}:2379`),
    kill: end,
    revive: start,
    async [Symbol.asyncDispose]() {
      await Promise.all([...children.keys()].map(end));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function loopbackAddress(random: Random): string {
  const octets = Number.parseInt(random.hex(4), 16);
  return `127.${100 + (octets % 100)}.${(octets >> 7) & 0xff}.${2 + ((octets >> 3) % 250)}`;
}

/** etcd says nothing when it is ready that could be waited for: its port is tried. */
async function listening(address: string): Promise<void> {
  const until_ms = systemClock.monotonic() + 20_000;
  while (!(await accepts(address))) {
    if (systemClock.monotonic() > until_ms) throw new Error(`etcd at ${address} did not listen within 20 s`);
    await systemClock.sleep(20);
  }
}

function accepts(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 2379 });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

export interface Cable extends AsyncDisposable {
  readonly endpoint: string;
  /** Ends every connection and takes no more. */
  cut(): void;
  mend(): void;
}

/** A way to a member that can be cut. */
export async function startCable(endpoint: string): Promise<Cable> {
  const { hostname: host } = new URL(endpoint);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connect({ host, port: 2379 });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      // A connection that breaks ends the other half; whoever holds that end is told by it.
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  const listening = new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await listening;
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a socket of TCP has a port');
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    cut,
    mend() {
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
