import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestDaemon } from '../../test/support/daemon.ts';
import { output } from '../../test/support/run.ts';

const PATIENCE_MS = 900_000;

/** Runs buildah with a store of its own in the daemon's namespaces; answers its standard output. */
export type Buildah = (...words: readonly string[]) => Promise<string>;

/** Undefined, and said so, where it is not installed. */
export async function openBuildah(daemon: TestDaemon): Promise<Buildah | undefined> {
  if ((await daemon.inside(['sh', '-c', 'command -v buildah'])).status !== 0) {
    process.stdout.write(`${JSON.stringify({ peer: 'buildah', installed: false })}\n`);
    return undefined;
  }
  // Where DOCKER_CONFIG points, it wants a file.
  await mkdir(join(daemon.folder, 'docker'), { recursive: true });
  await writeFile(join(daemon.folder, 'docker', 'config.json'), '{}');
  const store = ['--root', join(daemon.folder, 'buildah'), '--runroot', join(daemon.folder, 'buildah-run'), '--storage-driver', 'overlay'];
  return (...words) => output(daemon.inside(['buildah', ...store, ...words], { timeout_ms: PATIENCE_MS }));
}

/** Gives it an image that the daemon has. */
export async function lendImage(daemon: TestDaemon, buildah: Buildah, name: string): Promise<void> {
  const archive = join(daemon.folder, 'lent.tar');
  await output(daemon.docker(['save', '-o', archive, name]));
  const id = (await buildah('pull', '--quiet', `docker-archive:${archive}`)).trim();
  await buildah('tag', id, `localhost/${name}`);
}
