import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { silentLogger, systemClock, systemRandom } from '#kit';
import { openLinux, openXattrs } from '#linux';
import { NO_REGISTRIES, openImageStore, parseReference } from './index.ts';
import type { ImageEvent } from './types.ts';

// Runs itself again in namespaces of its own, so that no mount of it is seen outside.
const isInside = process.env.GANTRY_TEST_NAMESPACE === 'image';
if (!isInside) {
  test('image store in a mount namespace of its own', { skip: process.getuid?.() === 0 ? false : 'needs root' }, () => {
    const { NODE_TEST_CONTEXT: _outer, ...environment } = process.env;
    const result = spawnSync('unshare', ['-m', '-n', '--propagation', 'private', process.execPath, '--test', import.meta.filename], {
      env: { ...environment, GANTRY_TEST_NAMESPACE: 'image' },
      encoding: 'utf8',
    });
    assert.equal(result.status, 0, `${result.stdout}\n${result.stderr}`);
  });
}

/** A root file system of Debian's static busybox, as a plain tar. */
function busyboxTar(folder: string): string {
  const root = join(folder, 'rootfs');
  for (const name of ['bin', 'etc', 'tmp', 'usr/share']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o4755);
  symlinkSync('busybox', join(root, 'bin/sh'));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
  writeFileSync(join(root, 'usr/share/gone'), 'x');
  chmodSync(join(root, 'tmp'), 0o1777);
  const tar = join(folder, 'rootfs.tar');
  execFileSync('tar', ['--numeric-owner', '-C', root, '-cf', tar, '.']);
  return tar;
}

async function opened(folder: string) {
  const store = await openImageStore({
    dataDir: join(folder, 'data'),
    linux: openLinux(),
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    registries: NO_REGISTRIES,
  });
  return { ...store, [Symbol.asyncDispose]: () => store.stop() };
}

function temporary() {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-image-'));
  return {
    folder,
    async [Symbol.asyncDispose]() {
      await using store = await opened(folder);
      for (const key of await store.snapshots.list()) await store.snapshots.remove(key);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

test('import, prepare, mount, write, commit, create, collect', { skip: !isInside }, async () => {
  await using place = temporary();
  await using store = await opened(place.folder);
  const { images, snapshots } = store;
  const events: ImageEvent[] = [];
  using _listening = images.onEvent((event) => events.push(event));
  const base = await images.importTar(createReadStream(busyboxTar(place.folder)), { config: { Cmd: ['sh'] }, name: parseReference('base') });
  assert.deepEqual(base.tags, ['docker.io/library/base:latest']);
  assert.ok(base.size_bytes >= statSync('/bin/busybox').size);

  await snapshots.prepare('container-1', base.id);
  const root = await snapshots.mount('container-1');
  assert.equal(await snapshots.mount('container-1'), root);
  assert.equal(lstatSync(join(root, 'bin/busybox')).mode & 0o7777, 0o4755);
  assert.equal(lstatSync(join(root, 'tmp')).mode & 0o7777, 0o1777);
  assert.match(execFileSync('chroot', [root, '/bin/sh', '-c', 'echo from inside'], { encoding: 'utf8' }), /from inside/);
  writeFileSync(join(root, 'etc/new'), 'hello');
  execFileSync('ln', [join(root, 'etc/new'), join(root, 'etc/also')]);
  rmSync(join(root, 'usr/share/gone'));
  rmSync(join(root, 'usr'), { recursive: true });
  mkdirSync(join(root, 'usr'));
  execFileSync('mknod', [join(root, 'etc/device'), 'c', '5', '1']);
  execFileSync('mkfifo', [join(root, 'etc/pipe')]);
  openXattrs().set(join(root, 'etc/new'), 'user.colour', Buffer.from([0, 200, 255]));
  const changes = await snapshots.changes('container-1');
  assert.deepEqual(
    changes.map(({ kind, path }) => `${kind[0]} ${path}`),
    ['m /etc', 'a /etc/also', 'a /etc/device', 'a /etc/new', 'a /etc/pipe', 'm /usr', 'd /usr/share'],
  );
  assert.equal(await snapshots.usage('container-1'), 10);

  const layer = await snapshots.commit('container-1');
  assert.deepEqual(await snapshots.commit('container-1'), layer, 'the same files give the same bytes');
  const baseLayer = { diffId: base.config.rootfs.diff_ids[0]!, blob: base.manifest.layers[0]! };
  const image = await images.create({
    config: { ...base.config, config: { Cmd: ['true'] } },
    layers: [baseLayer, layer],
    names: [parseReference('child:1.0')],
  });
  await snapshots.prepare('container-2', image.id);
  const second = await snapshots.mount('container-2');
  assert.equal(readFileSync(join(second, 'etc/new'), 'utf8'), 'hello');
  assert.equal(lstatSync(join(second, 'etc/also')).ino, lstatSync(join(second, 'etc/new')).ino);
  assert.deepEqual(openXattrs().get(join(second, 'etc/new'), 'user.colour'), Buffer.from([0, 200, 255]));
  assert.equal(lstatSync(join(second, 'etc/device')).rdev, (5 << 8) | 1);
  assert.ok(lstatSync(join(second, 'etc/pipe')).isFIFO());
  assert.equal(existsSync(join(second, 'usr/share')), false, 'an opaque folder hides what is below');
  assert.ok(existsSync(join(second, 'bin/sh')));

  await images.lease('container/2', image.id);
  await assert.rejects(images.remove('child:1.0', { force: false }), { code: 'IMAGE_IN_USE' });
  await images.release('container/2');
  const removed = await images.remove('child:1.0', { force: false });
  assert.deepEqual(removed.slice(0, 2), [{ untagged: 'docker.io/library/child:1.0' }, { deleted: image.id }]);
  assert.equal(await images.content.stat(layer.blob.digest), undefined);
  assert.equal(readFileSync(join(second, 'etc/new'), 'utf8'), 'hello', 'a snapshot keeps its layers');
  assert.ok(await images.content.stat(baseLayer.blob.digest));
  assert.deepEqual(
    events.map(({ action }) => action),
    ['import', 'create', 'untag', 'delete'],
  );
});

test('state is the same after reopening; what was half done is gone', { skip: !isInside }, async () => {
  await using place = temporary();
  const tar = busyboxTar(place.folder);
  let id;
  {
    await using store = await opened(place.folder);
    const image = await store.images.importTar(createReadStream(tar), { config: {}, name: parseReference('base:1') });
    await store.images.tag('base:1', parseReference('other/base:2'));
    await store.images.lease('container/x', image.id);
    await store.snapshots.prepare('container-x', image.id);
    await store.images.content.write(Buffer.from('nobody wants this'));
    id = image.id;
  }
  mkdirSync(join(place.folder, 'data/layers/abc.new/fs'), { recursive: true });
  mkdirSync(join(place.folder, 'data/snapshots/half'), { recursive: true });
  writeFileSync(join(place.folder, 'data/ingest/half'), 'x');
  await using store = await opened(place.folder);
  assert.equal((await store.images.resolve('other/base:2')).id, id);
  assert.equal((await store.images.resolve(id.slice(7, 19))).id, id);
  assert.deepEqual(await store.snapshots.list(), ['container-x']);
  assert.equal(existsSync(join(place.folder, 'data/layers/abc.new')), false);
  assert.equal(existsSync(join(place.folder, 'data/ingest/half')), false);
  assert.equal(await store.images.collect(), 'nobody wants this'.length);
  assert.ok(existsSync(await store.snapshots.mount('container-x')));
});

test('an image of 120 layers mounts', { skip: !isInside }, async () => {
  await using place = temporary();
  await using store = await opened(place.folder);
  const layers = [];
  const base = await store.images.importTar(createReadStream(busyboxTar(place.folder)), { config: {} });
  await store.snapshots.prepare('work', base.id);
  const root = await store.snapshots.mount('work');
  for (let number = 0; number < 120; number += 1) {
    writeFileSync(join(root, 'number'), String(number));
    layers.push(await store.snapshots.commit('work'));
  }
  const image = await store.images.create({ config: { ...base.config, history: [] }, layers });
  await store.snapshots.prepare('deep', image.id);
  assert.equal(readFileSync(join(await store.snapshots.mount('deep'), 'number'), 'utf8'), '119');
});

test('an archive that is none is refused and leaves nothing', { skip: !isInside }, async () => {
  await using place = temporary();
  await using store = await opened(place.folder);
  await assert.rejects(store.images.importTar(Readable.from([Buffer.alloc(4_096, 'x')]), { config: {} }), { code: 'TAR_INVALID' });
  assert.deepEqual(await store.images.list(), []);
});

const SEED = Number(process.env.GANTRY_TEST_SEED ?? Math.floor(Math.random() * 1_000_000));

test(`kill -9 at any moment leaves what the next start repairs (GANTRY_TEST_SEED=${SEED})`, { skip: !isInside }, async () => {
  await using place = temporary();
  const tar = busyboxTar(place.folder);
  const script = `
    import { createReadStream, writeFileSync } from 'node:fs';
    import { silentLogger, systemClock, systemRandom } from '#kit';
    import { openLinux } from '#linux';
    import { NO_REGISTRIES, openImageStore, parseReference } from '#image';
    const store = await openImageStore({ dataDir: ${JSON.stringify(join(place.folder, 'data'))}, linux: openLinux(), clock: systemClock, random: systemRandom, logger: silentLogger, registries: NO_REGISTRIES });
    for (let number = 0; ; number += 1) {
      const image = await store.images.importTar(createReadStream(${JSON.stringify(tar)}), { config: { Env: ['N=' + number] }, name: parseReference('base:' + number) });
      process.stdout.write('base:' + number + '\\n');
      const key = 'k' + number;
      await store.snapshots.prepare(key, image.id);
      writeFileSync(await store.snapshots.mount(key) + '/file', key);
      await store.snapshots.commit(key);
      await store.snapshots.remove(key);
      if (number > 0) await store.images.remove('base:' + (number - 1), { force: true });
    }`;
  let state = SEED;
  for (let round = 0; round < 6; round += 1) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: join(import.meta.dirname, '../..'),
      timeout: 250 + (state % 900),
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    });
    assert.equal(result.signal, 'SIGKILL', result.stderr);
    const acknowledged = result.stdout.trim().split('\n').at(-1);
    await using store = await opened(place.folder);
    if (acknowledged) await store.images.resolve(acknowledged);
    for (const image of await store.images.list()) {
      await store.snapshots.prepare('check', image.id);
      assert.ok(existsSync(join(await store.snapshots.mount('check'), 'bin/busybox')));
      await store.snapshots.remove('check');
      await store.images.remove(image.id, { force: true });
    }
    for (const key of await store.snapshots.list()) await store.snapshots.remove(key);
    await store.images.collect();
    for await (const digest of store.images.content.list()) assert.fail(`${digest} was left behind`);
    assert.deepEqual(readdirSync(join(place.folder, 'data/layers')), []);
    await store.stop();
    assert.deepEqual(readdirSync(join(place.folder, 'data/snapshots')), []);
  }
});
