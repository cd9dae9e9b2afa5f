import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { closePlace, makePlace, openEngine, shell, type TestEngine, type TestPlace } from './engine.testing.ts';
import type { ContainerSpec, EngineEvent } from './types.ts';

// Runs itself again in namespaces of its own, so that nothing of it is seen outside.
const isInside = process.env['GANTRY_TEST_NAMESPACE'] === 'engine';
if (!isInside) {
  test('the engine in namespaces of its own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const result = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, '--test', import.meta.filename], {
      env: { ...environment, GANTRY_TEST_NAMESPACE: 'engine' },
      encoding: 'utf8',
    });
    process.stdout.write(result.stdout.replaceAll(/^/gm, '# '));
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}
const inside = { skip: !isInside };

let place: TestPlace;
let opened: TestEngine;
if (isInside) {
  before(async () => {
    spawnSync('ip', ['link', 'set', 'lo', 'up']);
    place = makePlace();
    opened = await openEngine(place);
  });
  after(async () => {
    await opened.stop();
    await closePlace(place);
  });
}

/** Runs it to its end and answers what it said and how it ended. */
async function runToEnd(spec: ContainerSpec) {
  const { containers } = opened.engine;
  const { id } = await containers.create(spec);
  const streams = await containers.attach(id, { stdin: false, stdout: true, stderr: true });
  const outputs = Promise.all([text(streams.stdout), text(streams.stderr)]);
  await containers.start(id);
  const { exitCode } = await containers.wait(id, 'not-running');
  const [stdout, stderr] = await outputs;
  const container = containers.get(id);
  await containers.remove(id, { volumes: true });
  return { exitCode, stdout, stderr, container };
}

async function text(stream: AsyncIterable<Buffer> | undefined): Promise<string> {
  let all = '';
  for await (const piece of stream ?? []) all += piece.toString();
  return all;
}

test('a container runs, says, ends and goes', inside, async () => {
  const events: EngineEvent[] = [];
  using _listening = opened.engine.events.subscribe((event) => events.push(event));
  const { exitCode, stdout, stderr } = await runToEnd(shell('echo out; echo err >&2; exit 7'));
  assert.deepEqual({ exitCode, stdout, stderr }, { exitCode: 7, stdout: 'out\n', stderr: 'err\n' });
  const actions = events.filter(({ type }) => type === 'container').map(({ action }) => action);
  assert.deepEqual(actions, ['create', 'attach', 'start', 'die', 'destroy']);
  assert.equal(events.find(({ action }) => action === 'die')?.attributes['exitCode'], '7');
});

test('what cannot run says why', inside, async () => {
  const { containers } = opened.engine;
  const check = async (command: string[], exitCode: number, words: RegExp) => {
    const { id } = await containers.create({ ...shell(''), command });
    await assert.rejects(containers.start(id), words);
    const { state } = containers.get(id);
    assert.ok(state.status === 'exited' && state.exit.exitCode === exitCode, JSON.stringify(state));
    await containers.remove(id);
  };
  await check(['nosuch'], 127, /executable file not found/);
  await check(['/etc'], 126, /permission denied|is a directory/);
  await assert.rejects(containers.create({ ...shell('true'), image: 'nosuch' }), /nosuch/);
});

test('default containers are confined as Docker confines them', inside, async () => {
  const { stdout, container } = await runToEnd(
    shell(
      'grep -E "CapEff|Seccomp:" /proc/self/status; unshare -U true 2>&1; mount -t tmpfs x /tmp 2>&1; id; hostname; cat /proc/kcore 2>&1 | wc -c; echo x > /proc/sys/kernel/hostname; true',
    ),
  );
  const effective = BigInt(`0x${/CapEff:\s*(\w+)/.exec(stdout)?.[1]}`);
  assert.equal(effective & ~0xa80425fbn, 0n, stdout);
  assert.match(stdout, /Seccomp:\s*2/);
  assert.match(stdout, /unshare: .*not permitted/i);
  assert.match(stdout, /mount: .*(denied|not permitted)/i);
  assert.match(stdout, /uid=0\(root\)/);
  assert.match(stdout, new RegExp(container.id.slice(0, 12)));
});

test('another user, groups, working directory, environment and port 80', inside, async () => {
  const { stdout, exitCode } = await runToEnd(
    shell('id; pwd; echo $A-$HOME; nc -l -p 80 -w 1 </dev/null; echo nc $?; cat /proc/self/status | grep CapEff', {
      user: 'app',
      workingDirectory: '/made/for/it',
      environment: ['A=b'],
    }),
  );
  assert.match(stdout, /uid=1000\(app\) gid=1000\(app\) groups=1000\(app\),2000\(extra\)/);
  assert.match(stdout, /\/made\/for\/it\nb-\/home\/app/);
  assert.doesNotMatch(stdout, /ermission denied/);
  assert.match(stdout, /CapEff:\s*0000000000000000/);
  assert.equal(exitCode, 0);
});

test('limits are real', inside, async () => {
  const memory = await runToEnd(shell('tail /dev/zero', { resources: { memory_bytes: 16 << 20 } }));
  assert.ok(memory.container.state.status === 'exited');
  assert.deepEqual([memory.exitCode, memory.container.state.exit.oomKilled], [137, true]);
  const pids = await runToEnd(shell('for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait', { resources: { pids: 5 } }));
  assert.match(pids.stderr, /can't fork|Resource temporarily unavailable/);
});

test('stdin is written, half-closed and echoed', inside, async () => {
  const { containers } = opened.engine;
  const { id } = await containers.create(shell('cat; echo done; exit 3', { openStdin: true, stdinOnce: true, autoRemove: true }));
  const streams = await containers.attach(id, { stdin: true, stdout: true, stderr: true });
  const output = text(streams.stdout);
  const removed = containers.wait(id, 'removed');
  await containers.start(id);
  streams.stdin?.end('hello\n');
  assert.equal(await output, 'hello\ndone\n');
  assert.equal(await streams.exited, 3);
  assert.equal((await removed).exitCode, 3);
  assert.throws(() => containers.get(id), /No such container/);
});

test('logs are followed to their end, and a terminal is one', inside, async () => {
  const { containers } = opened.engine;
  const { id } = await containers.create(shell('echo one; sleep 0.3; echo two; printf three'));
  await containers.start(id);
  let followed = '';
  for await (const line of containers.logs(id, { follow: true })) followed += Buffer.from(line.content).toString();
  assert.equal(followed.trimEnd(), 'one\ntwo\nthree');
  await containers.remove(id);
  const terminal = await runToEnd(shell('tty; stty size', { terminal: true }));
  assert.match(terminal.stdout, /\/dev\/(pts\/0|console)/);
});

test('exec with and without a terminal', inside, async () => {
  const { containers, execs } = opened.engine;
  const { id } = await containers.create(shell('sleep 100', { environment: ['FROM=container'] }));
  await containers.start(id);
  const run = async (command: string[], more: { stdin?: boolean; terminal?: boolean; user?: string } = {}, input?: string) => {
    const exec = await execs.create(id, { command, ...more, ...(more.terminal ? { size: { rows: 33, columns: 77 } } : {}) });
    const streams = await execs.start(exec);
    const outputs = Promise.all([text(streams.stdout), text(streams.stderr)]);
    if (input !== undefined) streams.stdin?.[more.terminal ? 'write' : 'end'](input);
    const [stdout, stderr] = await outputs;
    const exitCode = await streams.exited;
    assert.equal(execs.get(exec).exitCode, exitCode);
    return { stdout, stderr, exitCode };
  };
  assert.deepEqual(await run(['sh', '-c', 'echo $FROM; echo e >&2; exit 4']), { stdout: 'container\n', stderr: 'e\n', exitCode: 4 });
  assert.deepEqual(await run(['cat'], { stdin: true }, 'to cat'), { stdout: 'to cat', stderr: '', exitCode: 0 });
  assert.equal((await run(['nosuch'])).exitCode, 127);
  assert.match((await run(['id'], { user: 'app' })).stdout, /uid=1000/);
  assert.match((await run(['grep', 'Seccomp:', '/proc/self/status'])).stdout, /2/);
  // crun's exec begins the process and then sets the terminal's size: on a busy machine it is told of it a moment later.
  const terminal = await run(
    ['sh', '-c', 'until [ "$(stty size 2>/dev/null)" = "33 77" ]; do :; done; stty size; read x; echo got $x; exit 5'],
    { terminal: true, stdin: true },
    'word\r',
  );
  assert.match(terminal.stdout, /33 77[\s\S]*got word/);
  assert.equal(terminal.exitCode, 5);
  const top = await containers.top(id, '-ef');
  assert.equal(top.processes.length, 1);
  const stats = await containers.stats(id);
  assert.ok(stats.pids >= 1 && stats.networks['eth0'] !== undefined, JSON.stringify(stats));
  await containers.stop(id, { timeout_seconds: 0 });
  const { state } = containers.get(id);
  assert.ok(state.status === 'exited' && state.exit.exitCode === 137);
  await containers.remove(id);
});

test('volumes, binds, tmpfs and read-only roots', inside, async () => {
  const { volumes } = opened.engine;
  const mounts = [
    { type: 'volume' as const, source: 'named', target: '/data', readOnly: false },
    { type: 'tmpfs' as const, target: '/scratch', options: 'size=1m' },
    { type: 'bind' as const, source: place.folder, target: '/host', readOnly: true },
  ];
  const first = await runToEnd(
    shell('cat /data/seed; echo more > /data/more; touch /scratch/x && touch /host/x; touch /y; ls /host', { mounts, readOnlyRoot: true }),
  );
  assert.match(first.stdout, /from the image[\s\S]*rootfs.tar/);
  assert.match(first.stderr, /\/host\/x: Read-only[\s\S]*\/y: Read-only/);
  const second = await runToEnd(shell('cat /data/more; stat -c %a /data', { mounts: mounts.slice(0, 1) }));
  assert.equal(second.stdout, 'more\n770\n');
  await volumes.remove('named', false);
});

test('containers find each other by name and publish ports', inside, async () => {
  const { containers, networks } = opened.engine;
  await networks.create({ name: 'home' });
  const network = { kind: 'networks' as const, endpoints: { home: { aliases: ['web'] } } };
  const server = await containers.create(
    shell('while true; do echo hello | nc -l -p 80; done', { name: 'server', network, publish: [{ containerPort: 80, protocol: 'tcp' }] }),
  );
  await containers.start(server.id);
  const client = await runToEnd(
    shell('for n in server web; do nslookup $n; until nc $n 80; do sleep 0.05; done; done', { network: { kind: 'networks', endpoints: { home: {} } } }),
  );
  assert.equal(client.stdout.match(/^hello$/gm)?.length, 2, `${client.stdout}${client.stderr}`);
  const { ports, endpoints } = containers.get(server.id);
  assert.ok(ports[0]?.hostPort, JSON.stringify(ports));
  const taken = await containers.create(shell('true', { publish: [{ containerPort: 80, protocol: 'tcp', hostPort: ports[0].hostPort }] }));
  await assert.rejects(containers.start(taken.id), { code: 'PORT_IN_USE' });
  await containers.remove(taken.id);
  await networks.connect('bridge', 'server', {});
  assert.deepEqual(Object.keys(containers.get('server').endpoints), ['home', 'bridge']);
  await networks.disconnect('home', 'server', false);
  assert.notDeepEqual(containers.get('server').endpoints, endpoints);
  await containers.remove('server', { force: true });
  await networks.remove('home');
});

test('files are copied both ways and links do not lead out', inside, async () => {
  const { containers } = opened.engine;
  const { id } = await containers.create(shell('ln -s / /out; ln -s ../../../etc/hostname /tmp/link; echo ready; sleep 100'));
  await containers.start(id);
  for await (const _line of containers.logs(id, { follow: true })) break;
  for (const running of [true, false]) {
    if (!running) await containers.stop(id, { timeout_seconds: 0 });
    const { stat, tar } = await containers.readArchive(id, '/out/data/seed');
    const packed = await text(tar);
    assert.equal(stat.name, 'seed');
    assert.ok(packed.includes('from the image'));
    const again = await containers.readArchive(id, '/data');
    await containers.writeArchive(id, '/out/tmp', again.tar, { noOverwriteDirNonDir: false, copyUidGid: false });
    assert.equal((await containers.statPath(id, '/tmp/data/seed')).size, 14);
    assert.equal((await containers.statPath(id, '/tmp/link')).linkTarget, '../../../etc/hostname');
    await assert.rejects(containers.statPath(id, '/nosuch/file'), { code: 'PATH_UNKNOWN' });
  }
  // Of a container that does not run, each needs its root for as long as it reads or writes.
  const names = Array.from({ length: 12 }, (_, index) => `/at-once-${index}`);
  const options = { noOverwriteDirNonDir: false, copyUidGid: false };
  for (const name of names) await containers.writeArchive(id, '/tmp', folderTar(name.slice(1)), options);
  await Promise.all(names.map(async (name) => containers.writeArchive(id, `/tmp${name}`, (await containers.readArchive(id, '/data')).tar, options)));
  for (const name of names) assert.equal((await containers.statPath(id, `/tmp${name}/data/seed`)).size, 14);
  assert.ok((await containers.changes(id)).some(({ path, kind }) => path === '/tmp/data' && kind === 'added'));
  assert.ok((await text(await containers.exportTar(id))).includes('tmp/data/seed'));
  await containers.remove(id);
});

test('pause, health, restart policies', inside, async () => {
  const { containers, events } = opened.engine;
  const { id } = await containers.create(shell('sleep 100', { healthcheck: { Test: ['CMD-SHELL', 'test -e /ok'], Interval: 50e6, Retries: 2 } }));
  const seen: string[] = [];
  const healthy = Promise.withResolvers<void>();
  using _listening = events.subscribe(({ action }) => {
    if (action.startsWith('health_status')) seen.push(action);
    if (action === 'health_status: healthy') healthy.resolve();
    if (action === 'health_status: unhealthy') void containers.writeArchive(id, '/', okTar(), { noOverwriteDirNonDir: false, copyUidGid: false });
  });
  await containers.start(id);
  await healthy.promise;
  assert.deepEqual(seen, ['health_status: unhealthy', 'health_status: healthy']);
  await containers.pause(id);
  assert.equal(containers.get(id).state.status, 'paused');
  await containers.unpause(id);
  await containers.remove(id, { force: true });
  const again = await containers.create(shell('exit 1', { restart: { name: 'on-failure', maximumRetries: 2 } }));
  await containers.start(again.id);
  while (containers.get(again.id).state.status !== 'exited') await containers.wait(again.id, 'not-running');
  assert.equal(containers.get(again.id).restartCount, 2);
  await containers.remove(again.id);
});

function folderTar(name: string) {
  const { stdout } = spawnSync('tar', ['-C', '/', '--transform', `s|.*|${name}|`, '--no-recursion', '-cf', '-', 'etc']);
  return Readable.from([stdout]);
}

function okTar() {
  const { stdout } = spawnSync('tar', ['-C', '/', '--transform', 's|.*|ok|', '-cf', '-', 'etc/hostname']);
  return Readable.from([stdout]);
}

test('kill -9 of the daemon: containers go on, ends are known, half-made things go', inside, async () => {
  const crashing = makePlace();
  try {
    const ids = await startAndCrash(crashing);
    await using again = await openEngine(crashing);
    const { containers, execs } = again.engine;
    assert.equal(containers.get('long').state.status, 'running');
    const { exitCode } = await containers.wait('short', 'not-running');
    assert.equal(exitCode, 9);
    const { state } = containers.get('short');
    assert.ok(state.status === 'exited' && Math.abs(state.exit.finishedAt_ms - state.exit.startedAt_ms - 300) < 1500, JSON.stringify(state));
    const exec = await execs.start(await execs.create('long', { command: ['nslookup', 'long'] }));
    assert.match(await text(exec.stdout), /10\.89/);
    assert.throws(() => containers.get('gone'), { code: 'CONTAINER_UNKNOWN' });
    assert.equal(containers.list().length, ids.length - 1);
    await containers.stop('long', { timeout_seconds: 0 });
    await containers.start('long');
    await containers.remove('long', { force: true });
  } finally {
    await closePlace(crashing);
  }
  for (const line of spawnSync('sh', ['-c', 'cat /proc/self/mountinfo; ip link; ls -d /sys/fs/cgroup/*/*; ls /tmp'], { encoding: 'utf8' }).stdout.split('\n'))
    assert.ok(!line.includes(crashing.id) && !line.includes(crashing.folder), line);
});

/** Starts a daemon of its own process, and ends it with SIGKILL once its containers run. */
async function startAndCrash(crashing: TestPlace): Promise<readonly string[]> {
  const script = `
    const { openEngine, shell } = await import(${JSON.stringify(new URL('./engine.testing.ts', import.meta.url).href)});
    const { engine: { containers, networks } } = await openEngine(${JSON.stringify(crashing)});
    await networks.create({ name: 'own' });
    const network = { kind: 'networks', endpoints: { own: {} } };
    const ids = [];
    for (const [script, more] of [['sleep 100', { name: 'long', network }], ['sleep 0.3; exit 9', { name: 'short' }], ['sleep 0.2', { name: 'gone', autoRemove: true }]]) {
      const { id } = await containers.create(shell(script, more));
      await containers.start(id);
      ids.push(id);
    }
    console.log(JSON.stringify(ids));
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  for await (const piece of child.stdout) {
    said += String(piece);
    if (said.includes('\n')) break;
  }
  child.kill('SIGKILL');
  await ended;
  const parsed: unknown = JSON.parse(said);
  assert.ok(Array.isArray(parsed));
  return parsed.map(String);
}

test('what create, start, wait and remove take', inside, async (context) => {
  const { containers } = opened.engine;
  const rows: number[][] = [];
  for (let round = 0; round < 12; round += 1) {
    const times = [performance.now()];
    const { id } = await containers.create({ ...shell(''), command: ['true'] });
    times.push(performance.now());
    await containers.start(id);
    times.push(performance.now());
    await containers.wait(id, 'not-running');
    times.push(performance.now());
    await containers.remove(id);
    times.push(performance.now());
    rows.push([...times.slice(1).map((time, index) => time - (times[index] ?? 0)), (times.at(-1) ?? 0) - (times[0] ?? 0)]);
  }
  const median = (column: number) => rows.map((row) => row[column] ?? 0).toSorted((a, b) => a - b)[Math.floor(rows.length / 2)] ?? 0;
  const names = ['create', 'start', 'wait', 'remove', 'together'];
  context.diagnostic(names.map((name, index) => `${name} ${median(index).toFixed(1)} ms`).join(', '));
  // What goes on after the answer is over when the engine has stopped.
  await opened.stop();
  const { stdout } = spawnSync(
    'sh',
    [
      '-c',
      `ls -d /sys/fs/cgroup/*/gantry-${place.id}/*; ip netns; ls ${place.folder}/run/netns ${place.folder}/run/containers ${place.folder}/run/crun ${place.folder}/data/containers`,
    ],
    { encoding: 'utf8' },
  );
  opened = await openEngine(place);
  assert.doesNotMatch(stdout, /[0-9a-f]{64}/);
});
