import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../support/eventually.ts';
import { startDocker } from '../support/docker.ts';
import { output, run } from '../support/run.ts';

const docker = await startDocker();
after(() => docker[Symbol.asyncDispose]());
const { folder } = docker.daemon;
const at = (name: string) => join(folder, name);

interface SavedManifest {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

async function built(name: string, ...steps: readonly string[]): Promise<string> {
  const context = at(`context-${name.replace(/\W/g, '-')}`);
  await mkdir(context, { recursive: true });
  await writeFile(join(context, 'Dockerfile'), `FROM busybox\n${steps.join('\n')}\n`);
  await output(docker.daemon.docker(['build', '-q', '-t', name, '.'], { folder: context }));
  return docker.inspect(name, '{{.Id}}');
}

async function unpacked(archive: string): Promise<string> {
  const target = `${archive}.d`;
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  await output(run(['tar', '-xf', archive, '-C', target]));
  return target;
}

/** Packs a folder as an archive beside it. */
async function packed(source: string, name: string, ...options: readonly string[]): Promise<string> {
  await output(run(['tar', ...options, '-cf', at(name), '-C', source, ...(await readdir(source))]));
  return at(name);
}

const json = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, 'utf8')); // the test looks at what it reads
const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What is on disk of images: blobs, layers, names. */
async function stored(): Promise<readonly string[]> {
  const places = ['blobs/sha256', 'layers', 'images', 'names', 'ingest'];
  return (await Promise.all(places.map(async (place) => (await readdir(join(docker.daemon.dataDir, 'images', place))).map((name) => `${place}/${name}`))))
    .flat()
    .sort();
}

const ids = { one: await built('team/one:1', 'RUN echo one > /one', 'LABEL n=1'), two: await built('two', 'RUN echo two > /two') };
await docker.run('tag team/one:1 team/one:also');

test('save writes an OCI layout that is a docker-archive too, shared layers once', async () => {
  await docker.run('save -o', at('both.tar'), 'team/one:1', 'two');
  const target = await unpacked(at('both.tar'));
  assert.deepEqual((await readdir(target)).sort(), ['blobs', 'index.json', 'manifest.json', 'oci-layout', 'repositories']);
  const blobs = await readdir(join(target, 'blobs/sha256'));
  for (const name of blobs) assert.equal(hash(await readFile(join(target, 'blobs/sha256', name))), name);
  // Two configurations, two manifests, the base's layer, and a layer of each.
  assert.equal(blobs.length, 7);
  const manifests = await json<readonly SavedManifest[]>(join(target, 'manifest.json'));
  assert.deepEqual(
    manifests.map(({ RepoTags, Config }) => [RepoTags, `sha256:${Config.replace('blobs/sha256/', '')}`]),
    [
      [['team/one:1'], ids.one],
      [['two:latest'], ids.two],
    ],
  );
  assert.equal(manifests[0]?.Layers[0], manifests[1]?.Layers[0]);
  const index = await json<{ manifests: readonly { annotations: Record<string, string> }[] }>(join(target, 'index.json'));
  assert.deepEqual(
    index.manifests.map(({ annotations }) => annotations['io.containerd.image.name']),
    ['docker.io/team/one:1', 'docker.io/library/two:latest'],
  );
  assert.deepEqual(await json(join(target, 'oci-layout')), { imageLayoutVersion: '1.0.0' });
  assert.deepEqual(Object.keys(await json<object>(join(target, 'repositories'))), ['team/one', 'two']);
  // The same images give the same bytes.
  await docker.run('save -o', at('again.tar'), 'team/one:1', 'two');
  assert.equal(hash(await readFile(at('again.tar'))), hash(await readFile(at('both.tar'))));
});

test('a name without a tag saves every tag; an id saves the image without a name', async () => {
  const tagsOf = async () => (await json<readonly SavedManifest[]>(join(await unpacked(at('some.tar')), 'manifest.json'))).map((each) => each.RepoTags);
  await docker.run('save -o', at('some.tar'), 'team/one');
  assert.deepEqual(await tagsOf(), [['team/one:1', 'team/one:also']]);
  await docker.run('save -o', at('some.tar'), ids.one.slice(7, 19));
  assert.deepEqual(await tagsOf(), [null]);
  assert.match(await docker.refused('save -o', at('none.tar'), 'team/one:1', 'nowhere'), /No such image: nowhere:latest/);
  assert.match(await docker.refused('save --platform linux/arm64 -o', at('none.tar'), 'two'), /image two is here for linux\/amd64, not for linux\/arm64/);
});

test('what was saved loads again: the same ids, and it runs', async () => {
  const before = await docker.inspect('two', '{{json .RootFS.Layers}} {{.Size}}');
  await docker.run('rmi team/one:1 team/one:also two');
  assert.equal(await docker.run('load -i', at('both.tar')), 'Loaded image: team/one:1\nLoaded image: two:latest\n');
  assert.equal(await docker.inspect('team/one:1', '{{.Id}}'), ids.one);
  assert.equal(await docker.inspect('two', '{{json .RootFS.Layers}} {{.Size}}'), before);
  assert.equal(await docker.run('run --rm team/one:1 cat /one'), 'one\n');
  assert.equal(await docker.feed(await readFile(at('both.tar')), 'load -q'), 'Loaded image: team/one:1\nLoaded image: two:latest\n');
  await using said = docker.terminal(`load -i ${at('both.tar')}`);
  await said.hears(/Loaded image: two:latest/);
  assert.equal(await said.ended, 0);
});

test('save to a pipe, load from gzip and from zstd', async () => {
  for (const program of ['gzip', 'zstd']) {
    await docker.inside(['sh', '-c', `docker save two | ${program} > ${at('two.packed')}`]);
    await docker.run('rmi two');
    assert.equal(await docker.run('load -i', at('two.packed')), 'Loaded image: two:latest\n');
    assert.equal(await docker.run('run --rm two cat /two'), 'two\n');
  }
});

test('an image without a name is told by its id, and a name that meant another image says so', async () => {
  await docker.run('save -o', at('nameless.tar'), ids.two);
  assert.equal(await docker.run('load -i', at('nameless.tar')), `Loaded image ID: ${ids.two}\n`);
  await docker.run('save -o', at('named.tar'), 'two');
  await docker.run('tag team/one:1 two');
  assert.equal(
    await docker.run('load -i', at('named.tar')),
    `The image two:latest already exists, renaming the old one with ID ${ids.one} to empty string\nLoaded image: two:latest\n`,
  );
  assert.equal(await docker.inspect('two', '{{.Id}}'), ids.two);
});

/** The archive as Docker wrote it before version 25: plain layers in folders, a layer twice as a link, no OCI layout. */
async function legacy(): Promise<string> {
  const source = await unpacked(at('both.tar'));
  const target = at('legacy');
  await rm(target, { recursive: true, force: true });
  await mkdir(target);
  const items: SavedManifest[] = [];
  const seen = new Map<string, string>();
  for (const item of await json<readonly SavedManifest[]>(join(source, 'manifest.json'))) {
    const config = `${item.Config.split('/').at(-1)}.json`;
    await cp(join(source, item.Config), join(target, config));
    const layers: string[] = [];
    for (const [number, path] of item.Layers.entries()) {
      const name = `${hash(Buffer.from(`${config}${number}`))}/layer.tar`;
      await mkdir(join(target, name, '..'));
      const first = seen.get(path);
      if (first === undefined) await writeFile(join(target, name), gunzipSync(await readFile(join(source, path))));
      else await symlink(`../${first}`, join(target, name));
      seen.set(path, first ?? name);
      layers.push(name);
    }
    items.push({ Config: config, RepoTags: item.RepoTags, Layers: layers });
  }
  await writeFile(join(target, 'manifest.json'), JSON.stringify(items));
  return target;
}

test('the older form loads: folders with layer.tar, links among them', async () => {
  const archive = await packed(await legacy(), 'legacy.tar');
  await docker.run('rmi team/one:1 two');
  assert.equal(await docker.run('load -i', archive), 'Loaded image: team/one:1\nLoaded image: two:latest\n');
  assert.equal(await docker.inspect('team/one:1', '{{.Id}}'), ids.one);
  assert.equal(await docker.run('run --rm two cat /two'), 'two\n');
  // Saved once more, its layers are plain, and it is whole.
  await docker.run('save -o', at('plain.tar'), 'two');
  await docker.run('rmi two');
  assert.equal(await docker.run('load -i', at('plain.tar')), 'Loaded image: two:latest\n');
});

test('a plain OCI layout loads, with or without a name, and of several platforms its own', async () => {
  const source = await unpacked(at('both.tar'));
  await rm(join(source, 'manifest.json'));
  await rm(join(source, 'repositories'));
  await docker.run('rmi team/one:1 two');
  assert.equal(await docker.run('load -i', await packed(source, 'oci.tar')), 'Loaded image: team/one:1\nLoaded image: two:latest\n');
  const index = await json<{ manifests: readonly { digest: string; size: number; mediaType: string }[] }>(join(source, 'index.json'));
  const [first, second] = index.manifests;
  const platforms = ['amd64', 'arm64'].map((architecture, place) => ({
    mediaType: first?.mediaType,
    ...(place === 0 ? { digest: second?.digest, size: second?.size } : { digest: `sha256:${'0'.repeat(64)}`, size: 5 }),
    platform: { os: 'linux', architecture },
  }));
  const inner = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: platforms });
  await writeFile(join(source, 'blobs/sha256', hash(Buffer.from(inner))), inner);
  const named = {
    mediaType: 'application/vnd.oci.image.index.v1+json',
    digest: `sha256:${hash(Buffer.from(inner))}`,
    size: inner.length,
    annotations: { 'io.containerd.image.name': 'docker.io/team/many:1' },
  };
  const attested = { ...named, digest: `sha256:${'1'.repeat(64)}`, annotations: {}, platform: { os: 'unknown', architecture: 'unknown' } };
  await writeFile(join(source, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named, attested] }));
  const many = await packed(source, 'many.tar');
  assert.equal(await docker.run('load -i', many), 'Loaded image: team/many:1\n');
  assert.equal(await docker.inspect('team/many:1', '{{.Id}}'), ids.two);
  assert.match(await docker.refused('load --platform linux/arm64 -i', many), /no matching manifest for linux\/arm64/);
});

/** Each way to break an archive of `three`, and what is said of it. */
const BROKEN: readonly (readonly [string, RegExp, (source: string) => Promise<readonly string[]>])[] = [
  ['a path that leads out', /has \\?"\.\.\\?" in its path/, async () => ['--transform', 's,^oci-layout,../../../evil,', '-P']],
  ['a link that leads out', /leads out of the archive/, async (source) => (await symlink('../../etc/passwd', join(source, 'evil')), [])],
  ['an absolute link', /leads out of the archive/, async (source) => (await symlink('/etc/passwd', join(source, 'evil')), [])],
  [
    'a configuration that is a link to a file of the machine',
    /leads out of the archive/,
    async (source) => {
      await writeFile(join(source, 'manifest.json'), JSON.stringify([{ Config: 'c.json', RepoTags: [], Layers: [] }]));
      return (await symlink('/etc/passwd', join(source, 'c.json')), []);
    },
  ],
  [
    'a link that turns in a circle',
    /is a link that leads through more than/,
    async (source) => {
      await writeFile(join(source, 'manifest.json'), JSON.stringify([{ Config: 'a', RepoTags: [], Layers: [] }]));
      await symlink('b', join(source, 'a'));
      return (await symlink('a', join(source, 'b')), []);
    },
  ],
  ['a layer with other bytes than its digest says', /its digest is sha256:[0-9a-f]+, expected was/, (source) => damage(source, 'layer')],
  ['a configuration with other bytes than its digest says', /its digest is sha256:[0-9a-f]+, expected was/, (source) => damage(source, 'config')],
  [
    'a layer that is not there',
    /is named in it and is not there/,
    async (source) => {
      const layer = (await json<readonly SavedManifest[]>(join(source, 'manifest.json')))[0]?.Layers[1] ?? '';
      return (await rm(join(source, layer)), []);
    },
  ],
  ['a device', /is a fifo; an archive of images has files and links only/, async (source) => (await output(run(['mkfifo', join(source, 'pipe')])), [])],
  [
    'no image at all',
    /neither manifest\.json nor index\.json/,
    async (source) => (await rm(join(source, 'manifest.json')), await rm(join(source, 'index.json')), []),
  ],
  ['a manifest.json that is no JSON', /its manifest\.json is no JSON/, async (source) => (await writeFile(join(source, 'manifest.json'), '{'), [])],
  [
    'a manifest.json that is larger than any',
    /is \d+ bytes long, more than/,
    async (source) => (await writeFile(join(source, 'manifest.json'), Buffer.alloc(9e6, ' ')), []),
  ],
  [
    'a name that is none',
    /invalid reference format/,
    async (source) => {
      const items = await json<readonly SavedManifest[]>(join(source, 'manifest.json'));
      return (await writeFile(join(source, 'manifest.json'), JSON.stringify(items.map((item) => ({ ...item, RepoTags: ['A B'] })))), []);
    },
  ],
];

async function damage(source: string, what: 'layer' | 'config'): Promise<readonly string[]> {
  const item = (await json<readonly SavedManifest[]>(join(source, 'manifest.json')))[0];
  const path = join(source, (what === 'layer' ? item?.Layers[1] : item?.Config) ?? '');
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  await writeFile(path, bytes);
  return [];
}

await built('three', 'RUN echo three > /three');
await docker.run('save -o', at('three.tar'), 'three');
await docker.run('rmi three');
await docker.run('builder prune -f');

for (const [name, said, breaking] of BROKEN)
  test(`an archive with ${name} is refused, and nothing of it stays`, async () => {
    const source = await unpacked(at('three.tar'));
    const archive = await packed(source, 'broken.tar', ...(await breaking(source)));
    const before = await stored();
    assert.match(await docker.refused('load -i', archive), said);
    assert.deepEqual(await stored(), before);
  });

test('a layer that is whole but no layer of that configuration is refused after it was unpacked, and nothing of it stays', async () => {
  const source = await unpacked(at('three.tar'));
  const target = at('swapped');
  await mkdir(target);
  const item = (await json<readonly SavedManifest[]>(join(source, 'manifest.json')))[0];
  await cp(join(source, item?.Config ?? ''), join(target, 'config.json'));
  for (const [number, path] of (item?.Layers ?? []).entries()) await cp(join(source, path), join(target, `${1 - number}.tar`));
  await writeFile(join(target, 'manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: ['swapped:1'], Layers: ['0.tar', '1.tar'] }]));
  const before = await stored();
  assert.match(await docker.refused('load -i', await packed(target, 'swapped.tar')), /its digest is sha256:[0-9a-f]+, expected was/);
  assert.deepEqual(await stored(), before);
});

test('an archive that is cut, damaged, none, or lies about its size is refused', async () => {
  const whole = await readFile(at('three.tar'));
  const before = await stored();
  const check = async (bytes: Uint8Array, said: RegExp) => {
    await writeFile(at('bad.tar'), bytes);
    assert.match(await docker.refused('load -i', at('bad.tar')), said);
    assert.deepEqual(await stored(), before);
  };
  await check(whole.subarray(0, whole.length / 2), /ends in the middle of a file/);
  await check(Buffer.concat([Buffer.from('1f8b0800', 'hex'), whole]), /its compression is damaged/);
  await check(Buffer.from('hello, this is no archive at all'.repeat(100)), /this is no tar archive/);
  await check(header('x', 1 << 29, 'x'), /a header of \d+ bytes is longer than/);
  await check(header('blobs/sha256/0', 2 ** 32, '0', 'g'), /no space left on device/);
  await check(Buffer.alloc(0), /neither manifest\.json nor index\.json/);
});

test('a client that goes away in the middle of a load leaves nothing', async () => {
  const before = await stored();
  const half = (await readFile(at('three.tar'))).subarray(0, 300_000);
  const sent = request({ socketPath: docker.daemon.dockerSocket, method: 'POST', path: '/images/load', headers: { 'Content-Length': 2 * half.length } });
  sent.on('error', () => undefined); // it is cut on purpose
  await new Promise<void>((resolve) => sent.write(half, () => resolve()));
  await eventually('the archive to come in', async () => (await stored()).length > before.length);
  sent.destroy();
  await eventually('nothing of it to be left', async () => (await stored()).length === before.length);
  assert.deepEqual(await stored(), before);
});

test('a client that goes away in the middle of a save leaves no file open', async () => {
  const open = async () => {
    const numbers = await readdir(`/proc/${docker.daemon.pid}/fd`);
    const targets = await Promise.all(numbers.map((number) => readlink(`/proc/${docker.daemon.pid}/fd/${number}`).catch(() => ''))); // it may be closed by now
    return targets.filter((target) => target.includes('/blobs/'));
  };
  const sent = request({ socketPath: docker.daemon.dockerSocket, path: '/images/get?names=team/one:1' });
  sent.on('error', () => undefined); // it is cut on purpose
  const answered = new Promise<void>((resolve) => sent.once('response', (answer) => answer.once('readable', resolve)));
  sent.end();
  await answered;
  assert.notEqual((await open()).length, 0);
  sent.destroy();
  await eventually('the files to be closed', async () => (await open()).length === 0);
});

test('an image is saved by its own address too', async () => {
  const bytes = await docker.inside(['sh', '-c', `curl -s --unix-socket ${docker.daemon.dockerSocket} http://docker/images/team/one:1/get | tar -tf -`]);
  assert.match(bytes, /^blobs\/\nblobs\/sha256\/\n[\s\S]*manifest\.json\noci-layout\nrepositories\n$/);
});

/** A tar header alone, of a file whose size is told in base 256 when `huge`: terabytes. */
function header(name: string, size: number, type: string, huge = ''): Buffer {
  const block = Buffer.alloc(1024);
  block.write(name);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  if (huge !== '') Buffer.from('800000000000400000000000', 'hex').copy(block, 124);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\x0000', 257);
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

test('what three was loads still, and a load is an event', async () => {
  const since = String(Math.floor(Date.now() / 1000) - 1);
  assert.equal(await docker.run('load -i', at('three.tar')), 'Loaded image: three:latest\n');
  assert.match(await docker.run('events --filter event=load --since', since, '--until', String(Math.floor(Date.now() / 1000) + 1)), /image load sha256:/);
});
