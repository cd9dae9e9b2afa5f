import { createReadStream } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { spawn } from 'node:child_process';
import { busyboxTar } from '../test/support/busybox.ts';
import { output, run } from '../test/support/run.ts';
import { type Peer, withEach } from './support/peers.ts';
import { report } from './support/report.ts';

// `docker save`, `load` and `import` of an image of 100 MB, whole commands, of Gantry and of the peers that are installed, as JSON lines:
// `bin/with-node bench/images.ts [--rounds 5] [--content random|text]`. Needs root and docker. Each engine stands in namespaces of its own.
// Random bytes are the worst for whoever compresses, text is what images have.

const MEGABYTES = 100;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, content: { type: 'string', default: 'random' } } });
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error('--rounds must be a number above 0');

const folder = await mkdtemp(join(tmpdir(), 'gantry-bench-images-'));
const root = join(folder, 'root.tar');
/** Made from what Gantry saves, which comes first. */
const archives = { compressed: join(folder, 'compressed.tar'), plain: join(folder, 'plain.tar') };
try {
  await packRoot(root);
  await withEach(measure);
} finally {
  await rm(folder, { recursive: true });
}

async function measure(peer: Peer): Promise<void> {
  const { docker } = peer;
  const times = { import: [] as number[], save: [] as number[], 'load, compressed layers': [] as number[], 'load, plain layers': [] as number[] };
  const saved = join(peer.folder, 'saved.tar');
  for (let round = 0; round < rounds; round += 1) {
    times.import.push(await timed(() => feed(peer, root, ['import', '-', 'big'])));
    times.save.push(await timed(() => docker('save', '-o', saved, 'big')));
    if (peer.of === undefined && round === 0) await makeArchives(saved);
    await docker('rmi', 'big');
    times['load, compressed layers'].push(await timed(() => docker('load', '-q', '-i', archives.compressed)));
    await docker('rmi', 'big');
    times['load, plain layers'].push(await timed(() => docker('load', '-q', '-i', archives.plain)));
    await docker('rmi', 'big');
  }
  for (const [what, figures] of Object.entries(times))
    report({
      what: `docker ${what} (${MEGABYTES} MB, ${values.content})`,
      unit: 'ms',
      values: figures,
      reachFor: what === 'save' ? 400 : 1_000,
      ...(peer.of === undefined ? {} : { of: peer.of }),
    });
}

async function timed(task: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await task();
  return performance.now() - begun;
}

/** Busybox and one file of 100 MB. */
async function packRoot(path: string): Promise<void> {
  const file = join(folder, 'big-file');
  const words = () => Buffer.from(Array.from({ length: 8 }, () => `${randomBytes(3).toString('hex')} the quick brown fox\n`).join(''));
  const bytes = values.content === 'random' ? randomBytes(MEGABYTES * 1e6) : Buffer.concat(Array.from({ length: (MEGABYTES * 1e6) / 224 }, words));
  await writeFile(file, bytes);
  await writeFile(path, busyboxTar());
  await output(run(['tar', '--append', '-f', path, '-C', folder, 'big-file']));
  await rm(file);
}

/** The image as Docker with a graph driver saves it, its layer as it is unpacked, and the same with a compressed layer. */
async function makeArchives(saved: string): Promise<void> {
  const script = [
    `set -e; mkdir x; tar -xf ${saved} -C x; cd x; rm index.json oci-layout`,
    `config=$(sed 's/.*"Config":"\\([^"]*\\)".*/\\1/' manifest.json); layer=$(sed 's/.*"Layers":\\["\\([^"]*\\)".*/\\1/' manifest.json)`,
    'gzip -dc "$layer" > layer.tar 2>/dev/null || cp "$layer" layer.tar; mv "$config" config.json; rm -r blobs repositories',
    `echo '[{"Config":"config.json","RepoTags":["big:latest"],"Layers":["layer.tar"]}]' > manifest.json; tar -cf ${archives.plain} *`,
    `gzip -1 < layer.tar > layer.gz; mv layer.gz layer.tar; tar -cf ${archives.compressed} *; cd ..; rm -r x`,
  ];
  await output(run(['sh', '-c', script.join('\n')], { folder }));
}

function feed(peer: Peer, path: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', words, { stdio: ['pipe', 'ignore', 'inherit'], env: { ...process.env, DOCKER_HOST: `unix://${peer.socket}` } });
    createReadStream(path).pipe(child.stdin);
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`docker ${words.join(' ')} ended with exit status ${code}`))));
  });
}
