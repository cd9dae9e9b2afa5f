import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { busyboxTar } from '../test/support/busybox.ts';
import { openGantry } from './support/peers.ts';
import { report } from './support/report.ts';

// For how long the daemon does not listen while it takes in what somebody made to hold it: archives that are small and unpack to much. Beside it
// how long it takes to take in a small true image. JSON lines: `bin/with-node bench/from-outside.ts [--rounds 3]`. Needs root and docker.

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const rounds = Number(values.rounds);
const [FILES, ZERO_MB, COPIED] = [10_000, 600, 5_000];

await using peer = await openGantry({ probed: true });
const at = (name: string) => join(peer.folder, name);
const files = await filesTar(FILES);
const zeros = await zerosTar(ZERO_MB);
await writeFile(at('files.tar.gz'), files);
await writeFile(at('zeros.tar.gz'), zeros);
await writeFile(at('copied.tar.gz'), await filesTar(COPIED));
await writeFile(at('files-image.tar'), await imageTar('files', files));
await writeFile(at('zeros-image.tar'), await imageTar('zeros', zeros));
const small = gzipSync(busyboxTar(), { level: 9 });
await writeFile(at('small-image.tar'), await imageTar('small', small));
await writeFile(at('tiny-image.tar'), await imageTar('tiny', gzipSync(await smallTar())));
await writeFile(at('archive.tar.gz'), await filesTar(9_000));
await writeFile(at('add.tar.gz'), gzipSync(await buffer(withDockerfile())));
await peer.docker('create', '--name', 'target', 'busybox', 'true');
const sizes = [files.length, zeros.length, small.length].map((bytes) => Math.round(bytes / 1024));
process.stderr.write(`files ${sizes[0]} KiB, zeros ${sizes[1]} KiB, small ${sizes[2]} KiB\n`);

const quietly = async (task: Promise<unknown>) => void (await task.catch(() => undefined)); // some are refused
const load = (name: string) => async () => {
  await quietly(peer.docker('load', '-q', '-i', at(`${name}-image.tar`)));
  await quietly(peer.docker('rmi', '-f', `${name}:1`));
};
const imported = (name: string) => async () => {
  await quietly(peer.docker('import', at(`${name}.tar.gz`), 'imported'));
  await quietly(peer.docker('rmi', '-f', 'imported'));
};
const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  'nothing to do': () => new Promise((resolve) => setTimeout(resolve, 1_000)),
  [`load of a layer of ${FILES} files`]: load('files'),
  [`load of a layer of ${ZERO_MB} MB of zeros`]: load('zeros'),
  [`import of ${FILES} files`]: imported('files'),
  [`import of ${ZERO_MB} MB of zeros`]: imported('zeros'),
  [`cp of ${COPIED} files`]: () => quietly(peer.inside(['sh', '-c', `docker cp - target:/root < ${at('copied.tar.gz')}`])),
  'load of an archive of 9000 files': () => quietly(peer.docker('load', '-q', '-i', at('archive.tar.gz'))),
  'build of a context of 5000 files': () => quietly(peer.inside(['sh', '-c', `docker build -q - < ${at('add.tar.gz')}`])),
};
for (const [what, task] of Object.entries(tasks)) {
  const [p99, busy, most, took]: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let round = -1; round < rounds; round += 1) {
    await peer.probe();
    const begun = performance.now();
    await task();
    const took_ms = performance.now() - begun;
    const probed = await peer.probe();
    if (round < 0) continue;
    took.push(took_ms);
    p99.push(probed.delay_p99_ms);
    busy.push(probed.busy_p99_ms);
    most.push(probed.busy_max_ms);
  }
  report({ what: `delay of the event loop, 99th percentile: ${what}`, unit: 'ms', values: p99, reachFor: 20 });
  report({ what: `its own work in one go, 99th percentile: ${what}`, unit: 'ms', values: busy, reachFor: 20 });
  report({ what: `its own work in one go, longest: ${what}`, unit: 'ms', values: most });
  report({ what, unit: 'ms', values: took });
}
for (const name of ['small', 'tiny']) {
  for (const pause_ms of [0, 7_000]) {
    const took: number[] = [];
    for (let round = 0; round < (pause_ms === 0 ? rounds * 3 : rounds); round += 1) {
      await new Promise((resolve) => setTimeout(resolve, pause_ms));
      const begun = performance.now();
      await peer.docker('load', '-q', '-i', at(`${name}-image.tar`));
      took.push(performance.now() - begun);
      await peer.docker('rmi', '-f', `${name}:1`);
    }
    report({ what: `load of a ${name} image, ${pause_ms === 0 ? 'one after the other' : 'after a pause'}`, unit: 'ms', values: took });
  }
}

async function filesTar(count: number): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  for (let number = 0; number < count; number += 1) archive.entry({ name: `d${number >> 8}/f${number}`, mtime: new Date(0) }, '');
  archive.finalize();
  return gzipSync(await whole, { level: 9 });
}

async function zerosTar(megabytes: number): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  archive.entry({ name: 'zeros', mtime: new Date(0) }, Buffer.alloc(megabytes * 2 ** 20));
  archive.finalize();
  return gzipSync(await whole);
}

async function smallTar(): Promise<Buffer> {
  const archive = pack();
  const whole = buffer(archive);
  archive.entry({ name: 'etc/settings', mtime: new Date(0) }, 'a = b\n'.repeat(100));
  archive.finalize();
  return await whole;
}

function withDockerfile() {
  const archive = pack();
  archive.entry({ name: 'Dockerfile' }, 'FROM busybox\nCOPY . /files\n');
  for (let number = 0; number < 5_000; number += 1) archive.entry({ name: `d${number >> 8}/f${number}`, mtime: new Date(0) }, '');
  archive.finalize();
  return archive;
}

/** An archive as `docker save` writes it, of one image with one layer. */
async function imageTar(name: string, layer: Buffer): Promise<Buffer> {
  const diffId = `sha256:${createHash('sha256').update(gunzipSync(layer)).digest('hex')}`;
  const config = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : 'arm64', rootfs: { type: 'layers', diff_ids: [diffId] } };
  const archive = pack();
  const whole = buffer(archive);
  archive.entry({ name: 'layer.tar.gz' }, layer);
  archive.entry({ name: 'config.json' }, JSON.stringify(config));
  archive.entry({ name: 'manifest.json' }, JSON.stringify([{ Config: 'config.json', RepoTags: [`${name}:1`], Layers: ['layer.tar.gz'] }]));
  archive.finalize();
  return await whole;
}
