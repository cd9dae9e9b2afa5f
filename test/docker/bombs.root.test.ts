import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { busyboxTar } from '../support/busybox.ts';
import { startTestDaemon } from '../support/daemon.ts';
import { Docker } from '../support/docker.ts';
import { eventually } from '../support/eventually.ts';
import { output } from '../support/run.ts';

/** The data dir is a file system of its own, smaller than what comes of a bomb, and gone with the namespace. */
const DISK_MB = 96;
const SMALL_DISK = `truncate -s ${DISK_MB}M "$HOME/disk" && mkfs.ext4 -q -m 0 "$HOME/disk" && mkdir "$HOME/data" && mount -o loop "$HOME/disk" "$HOME/data"`;
const [BOMB_MB, SPARSE_SIZE] = [112, '1T'];
const PARTS = ['--parts', 'engine,registry'];

const daemon = await startTestDaemon(PARTS, async (inside) => void (await output(inside(['sh', '-c', SMALL_DISK]))));
const docker = new Docker(daemon);
after(async () => {
  await daemon.gantry(['down']);
  await docker.inside(['umount', '--lazy', daemon.dataDir]);
  await daemon[Symbol.asyncDispose]();
});
const shell = async (script: string) => (await docker.inside(['sh', '-c', script])).trim();
const at = (name: string) => join(daemon.folder, name);
const sha256 = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const PROGRAMS = { gz: 'gzip -6', zst: 'zstd -q -3', xz: 'xz -0', bz2: 'bzip2' } as const;
type Ending = keyof typeof PROGRAMS;

/** `bomb.tar.gz` and its like hold one file of zeros; `context.tar.gz` has a Dockerfile before it; `holes.tar` a file that is nothing but a hole. */
async function makeBombs(): Promise<void> {
  await shell(
    `cd "$HOME" && truncate -s ${BOMB_MB}M zeros && printf 'FROM busybox\\nADD Dockerfile /\\n' > Dockerfile && truncate -s ${SPARSE_SIZE} hole && tar -cf holes.tar --sparse Dockerfile hole && truncate -s ${DISK_MB / 2}M hole other && printf 'FROM busybox\\nCOPY * /\\n' > Dockerfile && tar -cf two-holes.tar --sparse Dockerfile hole other`,
  );
  const pack = ([ending, program]: readonly [string, string]) =>
    shell(`cd "$HOME" && tar -cf - zeros | ${program} > bomb.tar.${ending} && tar -cf - Dockerfile zeros | ${program} > context.tar.${ending}`);
  await Promise.all(Object.entries(PROGRAMS).map(pack));
}

/** An image of one layer, as a folder in the layout of OCI. */
async function layoutOf(name: string, layerFile: string, mediaType: string): Promise<string> {
  const layout = at(name);
  await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
  const keep = async (bytes: Buffer, type: string) => {
    await writeFile(join(layout, 'blobs/sha256', sha256(bytes).slice(7)), bytes);
    return { mediaType: type, digest: sha256(bytes), size: bytes.length };
  };
  const layer = await keep(await readFile(layerFile), mediaType);
  const config = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64', rootfs: { type: 'layers', diff_ids: [sha256(Buffer.alloc(0))] } };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: await keep(Buffer.from(JSON.stringify(config)), 'application/vnd.oci.image.config.v1+json'),
    layers: [layer],
  };
  const described = await keep(Buffer.from(JSON.stringify(manifest)), manifest.mediaType);
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { 'org.opencontainers.image.ref.name': `${name}:1` };
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...described, annotations }] }));
  return layout;
}

const LAYERS = [
  ['gz', 'application/vnd.oci.image.layer.v1.tar+gzip'],
  ['zst', 'application/vnd.oci.image.layer.v1.tar+zstd'],
] as const;

/** Every way by which an archive comes in. */
async function ways(): Promise<Readonly<Record<string, string>>> {
  const ways: Record<string, string> = {};
  for (const [ending, type] of LAYERS) {
    const layout = await layoutOf(`image-${ending}`, at(`bomb.tar.${ending}`), type);
    await shell(`tar -cf "$HOME/image-${ending}.tar" -C ${layout} .`);
    await shell(`skopeo copy -q --dest-tls-verify=false oci:${layout}:image-${ending}:1 docker://127.0.0.1:5000/image-${ending}:1`);
    ways[`load of a layer (${ending})`] = `docker load -i "$HOME/image-${ending}.tar"`;
    ways[`load of an archive (${ending})`] = `docker load -i "$HOME/bomb.tar.${ending}"`;
    ways[`pull (${ending})`] = `docker pull 127.0.0.1:5000/image-${ending}:1`;
    ways[`import (${ending})`] = `docker import "$HOME/bomb.tar.${ending}" bomb`;
    ways[`cp (${ending})`] = `docker cp - target:/ < "$HOME/bomb.tar.${ending}"`;
  }
  for (const ending of Object.keys(PROGRAMS) as Ending[]) {
    await mkdir(at(`add-${ending}`));
    await writeFile(at(`add-${ending}/Dockerfile`), `FROM busybox\nADD bomb.tar.${ending} /\n`);
    await shell(`cp "$HOME/bomb.tar.${ending}" "$HOME/add-${ending}/"`);
    ways[`context (${ending})`] = `docker build - < "$HOME/context.tar.${ending}"`;
    ways[`ADD (${ending})`] = `docker build "$HOME/add-${ending}"`;
  }
  return ways;
}

/** What lies about on the disk while nothing is done. */
const lying = () =>
  shell(
    `cd "$HOME/data" && find images/ingest images/layers images/uploads images/snapshots engine/incoming engine/build-context -mindepth 1 -maxdepth 2 2>/dev/null | sort`,
  );

/** It is refused in words, and nothing of it stays. */
async function check(way: string, script: string, words: RegExp): Promise<void> {
  const { status, stdout, stderr } = await daemon.inside(['sh', '-c', script]);
  assert.notEqual(status, 0, `${way} succeeded: ${stdout}`);
  assert.match(`${stdout}${stderr}`, words, way);
  await eventually(`nothing of it to stay: ${way}`, async () => (await lying()) === before);
}

await docker.feed(busyboxTar(), 'import - busybox');
await docker.run('create --name target busybox true');
await makeBombs();
const all = await ways();
const before = await lying();

test('what would fill the disk is refused by every way, and nothing of it stays', async () => {
  const { pid } = daemon;
  let least_bytes = Number.POSITIVE_INFINITY;
  const seen = setInterval(() => {
    void statfs(`/proc/${pid}/root${daemon.dataDir}`).then(({ bavail, bsize }) => (least_bytes = Math.min(least_bytes, bavail * bsize)));
  }, 5);
  try {
    for (const [way, script] of Object.entries(all)) await check(way, script, /no space left|there is room for/);
    // Each has room, and both have not.
    await check('COPY of holes', 'docker build - < "$HOME/two-holes.tar"', /no space left/);
    await check('context with a hole', 'docker build - < "$HOME/holes.tar"', /no space left/);
  } finally {
    clearInterval(seen);
  }
  process.stdout.write(`least free: ${(least_bytes / 2 ** 20).toFixed(1)} MiB of ${DISK_MB}\n`);
  assert.ok(least_bytes > 2 ** 20, 'the disk was full');
  assert.equal(daemon.pid, pid);
  assert.equal(await docker.run('run --rm busybox echo whole'), 'whole\n');
});

test('--unpack-max refuses what unpacks to more', async () => {
  await daemon.crash();
  await daemon.restart([...PARTS, '--unpack-max', '32m']);
  for (const [way, script] of Object.entries(all)) await check(way, script, /more than 33554432 bytes come of it|no space left|there is room for/);
  await check('import', 'docker import "$HOME/bomb.tar.zst" bomb', /more than 33554432 bytes come of it.*--unpack-max/);
  assert.equal(await docker.run('run --rm busybox echo whole'), 'whole\n');
});
