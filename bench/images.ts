import { createReadStream } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { spawn } from 'node:child_process';
import { busyboxTar } from '../test/support/busybox.ts';
import { startTestDaemon } from '../test/support/daemon.ts';
import { output, run } from '../test/support/run.ts';
import { report } from './support/report.ts';

// `docker save`, `load` and `import` of an image of 100 MB, whole commands, as JSON lines: `bin/with-node bench/images.ts [--rounds 5]
// [--content random|text]`. Needs root and docker. The daemon stands in namespaces of its own. Random bytes are the worst for
// whoever compresses, text is what images have.

const MEGABYTES = 100;
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, content: { type: 'string', default: 'random' } } });
const rounds = Number(values.rounds);
if (!(rounds > 0)) throw new Error('--rounds must be a number above 0');

await using daemon = await startTestDaemon(['--parts', 'engine']);
const docker = (...words: string[]) => output(daemon.docker(words));
const root = join(daemon.folder, 'root.tar');
await packRoot(root);
const archives: Record<string, string> = { compressed: join(daemon.folder, 'compressed.tar'), plain: join(daemon.folder, 'plain.tar') };
const times: Record<string, number[]> = { 'docker import': [], 'docker save': [], 'docker load, compressed layers': [], 'docker load, plain layers': [] };

for (let round = 0; round < rounds; round += 1) {
  await timed('docker import', () => feed(root, ['import', '-', 'big']));
  await timed('docker save', () => docker('save', '-o', archives.compressed ?? '', 'big'));
  if (round === 0) await makePlain();
  for (const [kind, path] of Object.entries(archives)) {
    await docker('rmi', 'big');
    await timed(`docker load, ${kind} layers`, () => docker('load', '-q', '-i', path));
  }
  await docker('rmi', 'big');
}
const reachFor: Record<string, number> = {
  'docker import': 1_000,
  'docker save': 400,
  'docker load, compressed layers': 1_000,
  'docker load, plain layers': 1_000,
};
for (const [what, figures] of Object.entries(times))
  report({ what: `${what} (${MEGABYTES} MB, ${values.content})`, unit: 'ms', values: figures, reachFor: reachFor[what] ?? 0 });

async function timed(what: string, task: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await task();
  times[what]?.push(performance.now() - begun);
}

/** Busybox and one file of 100 MB. */
async function packRoot(path: string): Promise<void> {
  const file = join(daemon.folder, 'big-file');
  const words = () => Buffer.from(Array.from({ length: 8 }, () => `${randomBytes(3).toString('hex')} the quick brown fox\n`).join(''));
  const bytes = values.content === 'random' ? randomBytes(MEGABYTES * 1e6) : Buffer.concat(Array.from({ length: (MEGABYTES * 1e6) / 224 }, words));
  await writeFile(file, bytes);
  await writeFile(path, busyboxTar());
  await output(run(['tar', '--append', '-f', path, '-C', daemon.folder, 'big-file']));
  await rm(file);
}

/** The same image as Docker with a graph driver saves it: its layer as it is unpacked. */
async function makePlain(): Promise<void> {
  const script = [
    'set -e; mkdir x; tar -xf compressed.tar -C x; cd x; rm index.json oci-layout',
    `config=$(sed 's/.*"Config":"\\([^"]*\\)".*/\\1/' manifest.json); layer=$(sed 's/.*"Layers":\\["\\([^"]*\\)".*/\\1/' manifest.json)`,
    'gzip -dc "$layer" > layer.tar; mv "$config" config.json; rm -r blobs repositories',
    `echo '[{"Config":"config.json","RepoTags":["big:latest"],"Layers":["layer.tar"]}]' > manifest.json; tar -cf ../plain.tar *; cd ..; rm -r x`,
  ];
  await output(run(['sh', '-c', script.join('\n')], { folder: daemon.folder }));
}

function feed(path: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', words, { stdio: ['pipe', 'ignore', 'inherit'], env: { ...process.env, DOCKER_HOST: `unix://${daemon.dockerSocket}` } });
    createReadStream(path).pipe(child.stdin);
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`docker ${words.join(' ')} ended with exit status ${code}`))));
  });
}
