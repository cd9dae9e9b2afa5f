import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createSocket } from 'node:dgram';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { randomWord, systemRandom } from '#kit';
import { openLinux, shareFolder, SystemCallError, unshareFolder } from './index.ts';

const linux = openLinux();

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gantry-linux-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function namespace(t: TestContext, name = 'a'): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'gantry-linux-'));
  const path = join(base, name);
  await linux.namespaces.create(path);
  t.after(async () => {
    await linux.namespaces.remove(path);
    await rm(base, { recursive: true, force: true });
  });
  return path;
}

function started(t: TestContext, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => void child.kill('SIGKILL'));
  return child;
}

test('mounts bind read-only, list and unmount', async (t) => {
  const base = await folder(t);
  const [from, to] = [join(base, 'from'), join(base, 'to')];
  await mkdir(from);
  await mkdir(to);
  t.after(() => linux.mounts.unmount(to));
  linux.mounts.mount({ source: from, target: to, flags: ['bind', 'ro', 'private'] });
  const entry = (await linux.mounts.list()).find(({ target }) => target === to);
  assert.match(entry?.options ?? '', /^ro,/);
  linux.mounts.unmount(to);
  linux.mounts.unmount(to);
  assert.equal(
    (await linux.mounts.list()).find(({ target }) => target === to),
    undefined,
  );
  assert.throws(
    () => linux.mounts.mount({ source: 'none', target: to, type: 'nosuchfs' }),
    (error) => error instanceof SystemCallError && error.errnoName === 'ENODEV',
  );
  assert.throws(() => linux.mounts.mount({ source: 'none', target: to, type: 'tmpfs', options: 'x'.repeat(5000) }), /5000 bytes/);
});

test('a folder is shared once, not over what is mounted below, and let go again', async (t) => {
  const base = join(await folder(t), 'base');
  const [data, below] = [join(base, 'data'), join(base, 'data/below')];
  await mkdir(below, { recursive: true });
  // Detached with all that is mounted below it.
  using _mounted = { [Symbol.dispose]: () => linux.mounts.unmount(base) };
  // The folder stands on a mount that nobody shares, whatever this machine's own is.
  linux.mounts.mount({ source: base, target: base, flags: ['bind', 'private'] });
  const count = async (path: string) => (await linux.mounts.list()).filter(({ target }) => target === path).length;
  assert.equal(await shareFolder(linux.mounts, data), true);
  assert.equal(await shareFolder(linux.mounts, data), true);
  assert.equal(await count(data), 1);
  linux.mounts.mount({ source: 'x', target: below, type: 'tmpfs' });
  assert.equal(await shareFolder(linux.mounts, data), true, 'what is shared already may have mounts below');
  linux.mounts.unmount(below);
  await unshareFolder(linux.mounts, data);
  await unshareFolder(linux.mounts, data);
  assert.equal(await count(data), 0);
  linux.mounts.mount({ source: 'x', target: below, type: 'tmpfs' });
  assert.equal(await shareFolder(linux.mounts, data), false);
  assert.equal(await count(data), 0);
  linux.mounts.unmount(below);
  linux.mounts.mount({ source: 'disk', target: data, type: 'tmpfs' });
  assert.equal(await shareFolder(linux.mounts, data), true);
  await unshareFolder(linux.mounts, data);
  await unshareFolder(linux.mounts, data);
  assert.equal(await count(data), 1, "a disk of the user's own stays");
});

test('moves between control groups are made ready', async () => {
  const before = await readFile('/proc/self/cgroup', 'utf8');
  await linux.cgroups.warmUp();
  await linux.cgroups.warmUp();
  assert.equal(await readFile('/proc/self/cgroup', 'utf8'), before);
  assert.equal(await linux.cgroups.oomKills('gantry-no-such-group'), 0);
});

test('a namespace is made, entered for one call, and removed', async (t) => {
  const own = await linux.namespaces.identity('/proc/self/ns/net');
  const path = await namespace(t);
  assert.notEqual(await linux.namespaces.identity(path), own);
  assert.equal(await linux.namespaces.identity('/proc/self/ns/net'), own);
  assert.equal(await linux.namespaces.identity('/proc/thread-self/ns/net'), own);
  const shown = await linux.links.show('link', { namespace: path });
  assert.deepEqual(
    shown.map(({ ifname }) => ifname),
    ['lo'],
  );
  assert.ok(JSON.stringify(shown).includes('"UP"'));
  linux.namespaces.setSysctl(path, 'net/ipv4/ip_unprivileged_port_start', '0');
  assert.equal(
    linux.namespaces.run(path, () => process.getBuiltinModule('node:fs').readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8')),
    '0\n',
  );
  assert.notEqual(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'), '0\n');
  assert.throws(() => linux.namespaces.run(path, () => assert.fail('planted')), /planted/);
  assert.equal(await linux.namespaces.identity('/proc/thread-self/ns/net'), own);
  await linux.namespaces.remove(path);
  await linux.namespaces.remove(path);
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('TCP and UDP inside a namespace', async (t) => {
  const path = await namespace(t);
  const server = createServer((socket) => socket.end('hello'));
  const fd = linux.namespaces.listenTcp(path, '127.0.0.1', 0);
  const port = linux.namespaces.boundPort(fd);
  server.listen({ fd });
  await once(server, 'listening');
  t.after(() => void server.close());
  assert.throws(
    () => linux.namespaces.listenTcp(path, '127.0.0.1', port),
    (error) => error instanceof SystemCallError && error.errnoName === 'EADDRINUSE',
  );
  const socket = await linux.namespaces.connectTcp(path, '127.0.0.1', port);
  assert.equal((await socket.toArray()).join(''), 'hello');
  socket.destroy();
  await assert.rejects(linux.namespaces.connectTcp(path, '127.0.0.1', 1), { code: 'ECONNREFUSED' });

  const six = linux.namespaces.listenTcp(path, '::1', port);
  const serverSix = createServer().listen({ fd: six });
  t.after(() => void serverSix.close());

  const udp = createSocket('udp4');
  udp.bind({ fd: linux.namespaces.bindUdp(path, '127.0.0.11', 53) });
  t.after(() => void udp.close());
  udp.send('echo', 53, '127.0.0.11');
  const [message] = await once(udp, 'message');
  assert.equal(String(message), 'echo');
});

test('ip -batch names the line that failed', async (t) => {
  const path = await namespace(t);
  await linux.links.batch(['link add br0 type bridge', 'addr add 10.9.0.1/24 dev br0'], { namespace: path });
  await assert.rejects(linux.links.batch(['link set lo up', 'link set nope up'], { namespace: path }), /line 2 \(link set nope up\): Cannot find device/);
});

test('nftables: apply, list, delete, errors', async (t) => {
  const path = await namespace(t);
  await linux.nftables.apply('table inet gantry_x { }', { namespace: path });
  await assert.rejects(linux.nftables.apply('table inet {', { namespace: path }), /nft -f failed: .*syntax error/);
  assert.equal(await linux.nftables.list('inet', 'gantry_no_such'), undefined);
  await linux.nftables.deleteTable('inet', 'gantry_no_such');
});

const SERVER = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
import os
os.chdir(os.path.dirname(sys.argv[1])); s.bind(os.path.basename(sys.argv[1])); s.listen(1)
print('ready', flush=True)
c, _ = s.accept()
n = 0
for i in range(256):
    c.send(bytes([i % 251]) * (8192 - i))
while True:
    p = c.recv(65536)
    if not p: break
    n += len(p)
c.send(str(n).encode())
c.close()
`;

test('SOCK_SEQPACKET: 2 MB in packets to a slow reader on a deep path, 1 MB back, half close', async (t) => {
  const deep = join(await folder(t), 'd'.repeat(100));
  await mkdir(deep);
  const path = join(deep, 'attach');
  const server = started(t, 'python3', ['-c', SERVER, path]);
  if (server.stdout) await once(server.stdout, 'data');
  const stream = await linux.sockets.connect(path);
  const sizes: number[] = [];
  stream.write(Buffer.alloc(1_000_000, 1));
  let count = 0;
  for await (const packet of stream) {
    const bytes: Buffer = packet;
    count += 1;
    if (count <= 256) {
      sizes.push(bytes.length);
      assert.ok(bytes.every((byte) => byte === (count - 1) % 251));
      if (count % 64 === 0) await new Promise((resolve) => setTimeout(resolve, 50));
      if (count === 256) stream.end();
    } else assert.equal(bytes.toString(), '1000000');
  }
  assert.deepEqual(
    sizes,
    Array.from({ length: 256 }, (_, index) => 8192 - index),
  );
  assert.equal(count, 257);
  await assert.rejects(linux.sockets.connect(join(deep, 'nobody')), /ENOENT/);
});

const DEAF = `
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1]); s.listen(1)
print('ready', flush=True)
c, _ = s.accept()
time.sleep(0.05)
for i in range(40):
    c.send(b'packet %d' % i)
c.close()
print('closed', flush=True)
sys.stdin.read()
`;

test('SOCK_SEQPACKET: what a peer said before it went is read, though it never read what it was sent', async (t) => {
  for (const isSlow of [false, true]) {
    const path = join(await folder(t), 'attach');
    const server = started(t, 'python3', ['-c', DEAF, path]);
    assert.ok(server.stdout);
    await once(server.stdout, 'data');
    const stream = await linux.sockets.connect(path);
    // More than the kernel takes: some of it is still to be written when the peer goes.
    const written = new Promise((resolve) => stream.write(Buffer.alloc(1_000_000), resolve));
    await once(server.stdout, 'data');
    const packets: string[] = [];
    for await (const packet of stream) {
      packets.push(String(packet));
      if (isSlow && packets.length % 10 === 1) await new Promise((resolve) => setTimeout(resolve, 20));
      // What nobody reads any more is thrown away.
      if (packets.length === 20) stream.write(Buffer.from('too late'));
    }
    assert.deepEqual(
      packets,
      Array.from({ length: 40 }, (_, index) => `packet ${index}`),
    );
    await written;
  }
});

test('processes: signal, start time, end awaited', async (t) => {
  const child = started(t, 'sleep', ['30']);
  const pid = child.pid ?? 0;
  assert.match((await linux.processes.startTime(pid)) ?? '', /^\d+$/);
  const gone = linux.processes.waitGone(pid);
  const abort = new AbortController();
  const aborted = linux.processes.waitGone(pid, abort.signal);
  abort.abort(new Error('planted'));
  await assert.rejects(aborted, /planted/);
  // Which of the two is told of first is the kernel's affair.
  const exited = once(child, 'exit');
  assert.equal(linux.processes.signal(pid, 'SIGKILL'), true);
  await gone;
  await exited;
  assert.equal(linux.processes.signal(pid, 0), false);
  assert.equal(await linux.processes.startTime(pid), undefined);
  await linux.processes.waitGone(pid);
});

test('control groups: create with limits, usage, freeze, remove with what runs in them', async (t) => {
  const { cgroups } = linux;
  const name = `gantry-test-${randomWord(systemRandom, 8)}`;
  t.after(() => cgroups.remove(name));
  await cgroups.create(`${name}/one`, { memory_bytes: 64 * 2 ** 20, cpu_quota_us: 50_000, cpu_period_us: 100_000, cpu_shares: 512, pids: 20 });
  assert.deepEqual(await cgroups.children(name), ['one']);
  const place = `for f in /sys/fs/cgroup/*/${name}/one/cgroup.procs /sys/fs/cgroup/${name}/one/cgroup.procs; do [ -e $f ] && echo $$ > $f; done; echo in; sleep 60 & wait`;
  const child = started(t, 'sh', ['-c', place]);
  if (child.stdout) await once(child.stdout, 'data');
  const usage = await cgroups.usage(`${name}/one`);
  assert.equal(usage.memory_limit_bytes, 64 * 2 ** 20);
  assert.equal(usage.pids_limit, 20);
  assert.ok(usage.pids >= 1 && usage.memory_usage_bytes > 0 && usage.cpu_total_ns > 0, JSON.stringify(usage));
  assert.ok((await cgroups.processes(name)).includes(child.pid ?? 0));
  await cgroups.update(`${name}/one`, { pids: 30 });
  assert.equal((await cgroups.usage(`${name}/one`)).pids_limit, 30);
  await cgroups.freeze(`${name}/one`, true);
  await cgroups.freeze(`${name}/one`, false);
  await cgroups.freeze(`${name}/one`, true);
  const exited = once(child, 'exit');
  await cgroups.remove(name);
  await exited;
  assert.deepEqual(await cgroups.children(name), []);
  await assert.rejects(stat(`/sys/fs/cgroup/pids/${name}`), { code: 'ENOENT' });
});

test('capabilities and limits', async () => {
  assert.ok((await linux.capabilities.bounding()).has('CAP_NET_ADMIN'));
  assert.ok((await linux.capabilities.noFileLimit()) >= 1024);
});

const LISTENER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0", 1))
os.write(1, b"listening")
os.write(1, s.recv(4096))
`;

test('SOCK_DGRAM: a packet to a path, and to an abstract address', async (t) => {
  for (const address of [join(await folder(t), 'notify'), `@gantry-test-${process.pid}`]) {
    const listener = started(t, 'python3', ['-c', LISTENER, address]);
    if (!listener.stdout) throw new TypeError('a child without its pipes');
    await once(listener.stdout, 'data');
    linux.sockets.send(address, 'READY=1');
    const [said] = await once(listener.stdout, 'data');
    assert.equal(String(said), 'READY=1');
  }
  assert.throws(() => linux.sockets.send('/no/such/socket', 'x'), /Cannot send to \/no\/such\/socket/);
});
