import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import Dockerode from 'dockerode';
import { extract, pack } from 'tar-stream';
import { eventually } from '../support/eventually.ts';
import { LASTING, startDocker } from '../support/docker.ts';

const daemon = await startDocker();
after(() => daemon[Symbol.asyncDispose]());
const client = new Dockerode({ socketPath: daemon.daemon.dockerSocket });

/** A container that goes on until it is removed with its scope. */
async function lasting(options: Partial<Dockerode.ContainerCreateOptions> = {}): Promise<Dockerode.Container & AsyncDisposable> {
  const container = await client.createContainer({ Image: 'busybox', Cmd: [...LASTING], ...options });
  await container.start();
  return Object.assign(container, { [Symbol.asyncDispose]: async () => void (await container.remove({ force: true, v: true })) });
}

/** Standard output and error out of a multiplexed stream, by the client's own reader. */
function demultiplexed(stream: NodeJS.ReadableStream): { readonly out: Promise<string>; readonly err: Promise<string> } {
  const [out, err] = [new PassThrough(), new PassThrough()];
  client.modem.demuxStream(stream, out, err);
  stream.once('end', () => {
    out.end();
    err.end();
  });
  return { out: text(out), err: text(err) };
}

/** The last line of a stream of progress, or what it failed with. */
function followed(stream: NodeJS.ReadableStream): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return new Promise((resolve, reject) =>
    client.modem.followProgress(stream, (error, lines: Record<string, unknown>[]) => (error ? reject(error) : resolve(lines))),
  );
}

/** Objects of an endless stream of JSON lines, until one fits. */
async function untilOne(
  stream: NodeJS.ReadableStream,
  fits: (value: Readonly<Record<string, unknown>>) => boolean,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const seen: Readonly<Record<string, unknown>>[] = [];
  let rest = '';
  for await (const piece of stream) {
    const lines = (rest + piece.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines.filter((each) => each.trim() !== '')) {
      const value: Readonly<Record<string, unknown>> = JSON.parse(line);
      seen.push(value);
      if (fits(value)) return seen;
    }
  }
  throw new Error(`the stream ended after ${JSON.stringify(seen)}`);
}

async function statusOf(promise: Promise<unknown>): Promise<number> {
  return await promise.then(
    () => 200,
    (error: unknown) => Number(error instanceof Error && 'statusCode' in error ? error.statusCode : -1),
  );
}

test('run gives the output by streams and the exit code', async () => {
  const [out, err] = [new PassThrough(), new PassThrough()];
  const [heard, cried] = [text(out), text(err)];
  const [{ StatusCode }, container]: [{ StatusCode: number }, Dockerode.Container] = await client.run(
    'busybox',
    ['sh', '-c', 'echo out; echo err >&2; exit 3'],
    [out, err],
    { Tty: false },
  );
  out.end();
  err.end();
  assert.equal(StatusCode, 3);
  assert.equal(await heard, 'out\n');
  assert.equal(await cried, 'err\n');
  await container.remove();
  assert.equal(await statusOf(container.inspect()), 404);
});

test('attach feeds standard input, whose end is an end for the process too', async () => {
  const container = await client.createContainer({ Image: 'busybox', Cmd: ['sh', '-c', 'wc -c; echo done >&2'], OpenStdin: true, StdinOnce: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const said = demultiplexed(stream);
  await container.start();
  stream.end('x'.repeat(100_000));
  assert.equal((await said.out).trim(), '100000');
  assert.equal(await said.err, 'done\n');
  assert.deepEqual(await container.wait(), { StatusCode: 0 });
  await container.remove();
});

test('attach to a terminal is one raw stream, of the size that was asked for', async () => {
  const container = await client.createContainer({ Image: 'busybox', Cmd: ['sh', '-c', 'read line; stty size; echo "got $line"'], OpenStdin: true, Tty: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  const heard = text(stream as unknown as Readable); // a hijacked stream is a duplex
  await container.start();
  await container.resize({ h: 33, w: 99 });
  stream.write('hello\n');
  assert.match(await heard, /33 99\r\ngot hello\r\n/);
  assert.deepEqual(await container.wait(), { StatusCode: 0 });
  await container.remove();
});

test('exec with a hijacked stream: both directions, demultiplexed, and its exit code', async () => {
  await using container = await lasting();
  const exec = await container.exec({ Cmd: ['sh', '-c', 'cat; echo err >&2; exit 7'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  const said = demultiplexed(stream);
  stream.end('through\n');
  assert.equal(await said.out, 'through\n');
  assert.equal(await said.err, 'err\n');
  const inspected = await exec.inspect();
  assert.deepEqual([inspected.Running, inspected.ExitCode, inspected.ContainerID], [false, 7, container.id]);
});

test('logs are one buffer without follow, a stream with it', async () => {
  const container = await client.createContainer({ Image: 'busybox', Cmd: ['sh', '-c', 'echo one; echo two >&2; echo three'] });
  await container.start();
  await container.wait();
  const whole = demultiplexed(Readable.from([await container.logs({ stdout: true, stderr: true, follow: false })]));
  assert.equal(await whole.out, 'one\nthree\n');
  assert.equal(await whole.err, 'two\n');
  const followedLogs = demultiplexed(await container.logs({ stdout: true, stderr: false, follow: true }));
  assert.equal(await followedLogs.out, 'one\nthree\n');
  await container.remove();
});

test('stats stream pairs of samples, or give one', async () => {
  await using container = await lasting();
  const stream = await container.stats({ stream: true });
  const [first, second] = await untilOne(stream, (value) => value['preread'] !== '0001-01-01T00:00:00Z' && seenTwo(value));
  assert.ok(first !== undefined && second !== undefined);
  const stats = await container.stats({ stream: false });
  assert.ok(stats.cpu_stats.system_cpu_usage > stats.precpu_stats.system_cpu_usage);
  assert.ok(stats.cpu_stats.cpu_usage.total_usage >= stats.precpu_stats.cpu_usage.total_usage);
  assert.ok(stats.memory_stats.usage > 0 && stats.memory_stats.limit > stats.memory_stats.usage);
  assert.ok((stats.networks['eth0']?.rx_bytes ?? -1) >= 0);
  const once = await container.stats({ stream: false, 'one-shot': true });
  assert.equal(once.precpu_stats.cpu_usage.total_usage, 0);
});

let samples = 0;
function seenTwo(value: Readonly<Record<string, unknown>>): boolean {
  samples += value['read'] === undefined ? 0 : 1;
  return samples >= 2;
}

test('events come as they happen', async () => {
  const stream = await client.getEvents({ filters: { type: ['container'], label: ['of=events'] } });
  const container = await client.createContainer({ Image: 'busybox', Cmd: ['true'], Labels: { of: 'events' }, name: 'eventful' });
  const seen = untilOne(stream, (event) => event['Action'] === 'destroy');
  await container.start();
  await container.wait();
  await container.remove();
  const events = await seen;
  assert.deepEqual(
    events.map((event) => event['Action']),
    ['create', 'start', 'die', 'destroy'],
  );
});

test('an archive goes in and comes out again', async () => {
  await using container = await lasting();
  const sent = pack();
  sent.entry({ name: 'folder/note.txt', mode: 0o640, uid: 1000, gid: 1000 }, 'written by a client\n');
  sent.finalize();
  await container.putArchive(sent.pipe(new PassThrough()), { path: '/tmp' });
  const stat = await container.infoArchive({ path: '/tmp/folder/note.txt' });
  const head: unknown = JSON.parse(Buffer.from(String(stat.headers['x-docker-container-path-stat']), 'base64').toString());
  assert.ok(typeof head === 'object' && head !== null && 'name' in head && 'size' in head);
  assert.deepEqual([head.name, head.size], ['note.txt', 20]);
  const got: Record<string, string> = {};
  const reader = extract();
  reader.on('entry', (header, entry, next) => {
    void text(entry).then((content) => {
      got[header.name] = content;
      next();
    });
  });
  (await container.getArchive({ path: '/tmp/folder' })).pipe(reader);
  await once(reader, 'finish');
  assert.deepEqual(got, { 'folder/': '', 'folder/note.txt': 'written by a client\n' });
});

test('networks are joined and left while the container runs', async () => {
  const network = await client.createNetwork({ Name: 'club', CheckDuplicate: true, Labels: { of: 'club' } });
  await using member = await lasting({ name: 'member' });
  const other = await lasting({ name: 'other', HostConfig: { NetworkMode: 'club' } });
  await network.connect({ Container: member.id, EndpointConfig: { Aliases: ['friend'] } });
  const { Containers } = await network.inspect();
  assert.deepEqual(new Set(Object.keys(Containers ?? {})), new Set([member.id, other.id]));
  const exec = await other.exec({ Cmd: ['ping', '-c', '1', '-W', '5', 'friend'], AttachStdout: true, AttachStderr: true });
  const said = demultiplexed(await exec.start({}));
  assert.match(await said.out, /1 packets received/, await said.err);
  await network.disconnect({ Container: member.id });
  assert.deepEqual(Object.keys((await member.inspect()).NetworkSettings.Networks), ['bridge']);
  assert.equal(await statusOf(network.remove()), 403, 'a network in use is not removed');
  await other.remove({ force: true });
  await network.remove();
});

test('volumes keep what was written', async () => {
  const Name = 'kept';
  await client.createVolume({ Name, Labels: { of: 'test' } });
  const write = await client.run('busybox', ['sh', '-c', 'echo kept > /data/x'], new PassThrough(), {
    HostConfig: { Binds: [`${Name}:/data`], AutoRemove: true },
  });
  assert.equal(write[0].StatusCode, 0);
  const out = new PassThrough();
  const heard = text(out);
  await client.run('busybox', ['cat', '/data/x'], out, {
    Tty: true,
    HostConfig: { Mounts: [{ Type: 'volume', Source: Name, Target: '/data' }], AutoRemove: true },
  });
  out.end();
  assert.match(await heard, /kept/);
  const { Volumes } = await client.listVolumes({ filters: { label: ['of=test'] } });
  assert.deepEqual(
    Volumes.map((volume) => volume.Name),
    ['kept'],
  );
  await eventually('the containers to be gone', () =>
    client
      .getVolume(Name)
      .remove()
      .then(() => true),
  );
  assert.equal(await statusOf(client.getVolume(Name).inspect()), 404);
});

test('an image is built from a context, pushed and pulled, with progress', async () => {
  const folder = join(daemon.daemon.folder, 'dockerode');
  await mkdir(folder);
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nARG WHO\nCOPY hello.txt /\nRUN echo $WHO >> /hello.txt\nCMD ["cat", "/hello.txt"]\n');
  await writeFile(join(folder, 'hello.txt'), 'hello\n');
  const tag = '127.0.0.1:5000/dockerode/app:1';
  const built = await followed(await client.buildImage({ context: folder, src: ['Dockerfile', 'hello.txt'] }, { t: tag, buildargs: { WHO: 'world' } }));
  assert.ok(built.some((line) => /Successfully tagged/.test(String(line['stream']))));
  assert.ok(built.some((line) => /^sha256:/.test(String((line['aux'] as { ID?: string } | undefined)?.ID)))); // aux is {ID}
  const pushed = await followed(await client.getImage(tag).push({}));
  const digest = pushed.map((line) => (line['aux'] as { Digest?: string } | undefined)?.Digest).find((each) => each !== undefined); // aux is {Tag, Digest, Size}
  assert.match(String(digest), /^sha256:/);
  await client.getImage(tag).remove();
  const pulled = await followed(await client.pull(tag));
  assert.match(String(pulled.at(-1)?.['status']), /Status: Downloaded newer image for 127\.0\.0\.1:5000\/dockerode\/app:1/);
  const out = new PassThrough();
  const heard = text(out);
  await client.run(tag, [], out, { Tty: true, HostConfig: { AutoRemove: true } });
  out.end();
  assert.equal((await heard).replaceAll('\r', ''), 'hello\nworld\n');
});

test('a pull without a tag is of every tag', async () => {
  const name = '127.0.0.1:5000/dockerode/many';
  for (const tag of ['a', 'b']) {
    await client.getImage('busybox').tag({ repo: name, tag });
    await followed(await client.getImage(`${name}:${tag}`).push({}));
    await client.getImage(`${name}:${tag}`).remove();
  }
  await followed(await client.createImage({ fromImage: name }));
  for (const tag of ['a', 'b']) {
    assert.ok((await client.getImage(`${name}:${tag}`).inspect()).Id.startsWith('sha256:'));
    await client.getImage(`${name}:${tag}`).remove();
  }
});

test('a failed build and a failed pull are errors of the progress', async () => {
  const folder = join(daemon.daemon.folder, 'broken');
  await mkdir(folder);
  await writeFile(join(folder, 'Dockerfile'), 'FROM busybox\nRUN exit 9\n');
  const built = await followed(await client.buildImage({ context: folder, src: ['Dockerfile'] }, {}));
  assert.match(String(built.at(-1)?.['error']), /returned a non-zero code: 9/);
  assert.deepEqual(built.at(-1)?.['errorDetail'], { code: 9, message: built.at(-1)?.['error'] });
  await assert.rejects(client.pull('127.0.0.1:5000/nobody/nothing:1').then(followed), /nobody\/nothing/);
});

test('an image is exported, loaded, tagged, and its history read', async () => {
  const image = client.getImage('busybox');
  const archive = await buffer(await image.get());
  await image.tag({ repo: 'renamed', tag: 'v1' });
  await client.getImage('renamed:v1').remove();
  const loaded = await text(await client.loadImage(Readable.from([archive])));
  assert.match(loaded, /Loaded image: busybox:latest/);
  assert.equal((await image.history()).length, 1);
  const found = await client.listImages({ filters: { reference: ['busybox'] } });
  assert.deepEqual(found[0]?.RepoTags, ['busybox:latest']);
});

test('life: pause, rename, top, restart, stop, update, commit, export, changes, prune', async () => {
  const container = await lasting({ Labels: { of: 'life' } });
  await container.pause();
  assert.equal((await container.inspect()).State.Paused, true);
  await container.unpause();
  await container.rename({ name: 'renamed' });
  assert.equal((await container.inspect()).Name, '/renamed');
  assert.ok((await container.top({ ps_args: 'aux' })).Titles.includes('PID'));
  await container.update({ Memory: 64 * 2 ** 20, MemorySwap: -1, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
  assert.equal((await container.inspect()).HostConfig.Memory, 64 * 2 ** 20);
  const exec = await container.exec({ Cmd: ['touch', '/fresh'] });
  await exec.start({ Detach: true });
  await eventually('the file', async () => (await container.changes()).some((change: { Path: string }) => change.Path === '/fresh'));
  const { Id } = await container.commit({ repo: 'committed', tag: '1', comment: 'by dockerode' });
  assert.match(Id, /^sha256:/);
  await client.getImage('committed:1').remove();
  const tar = await buffer(await container.export());
  const names = spawnSync('tar', ['-t'], { input: tar, maxBuffer: 2 ** 26 })
    .stdout.toString()
    .split('\n');
  assert.ok(names.includes('fresh') && names.includes('bin/busybox'), names.slice(0, 10).join());
  await container.restart({ t: 1 });
  await container.stop({ t: 1 });
  assert.equal(await statusOf(container.stop()), 304);
  const pruned = await client.pruneContainers({ filters: { label: ['of=life'] } });
  assert.deepEqual(pruned.ContainersDeleted, [container.id]);
});

test('a wait for a removal, and one that is given up', async () => {
  const container = await lasting({ HostConfig: { AutoRemove: true } });
  const removed = container.wait({ condition: 'removed' });
  await container.kill({ signal: 'SIGKILL' });
  assert.deepEqual(await removed, { StatusCode: 137 });
  await using other = await lasting();
  const abort = new AbortController();
  const waiting = other.wait({ abortSignal: abort.signal });
  abort.abort();
  await assert.rejects(waiting);
});

test('info, version, ping and df', async () => {
  assert.equal(String(await client.ping()), 'OK');
  assert.equal((await client.version()).Os, 'linux');
  assert.equal((await client.info()).OSType, 'linux');
  assert.ok((await client.df()).ImagesUsage.TotalSize > 0);
});
