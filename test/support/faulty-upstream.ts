import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Image, NO_REGISTRIES, openImageStore, type OpenImageStore, parseReference } from '#image';
import { type Clock, silentLogger, systemClock, systemRandom } from '#kit';
import { type DockerRegistry, startDockerRegistry } from './docker-registry.ts';
import { type FaultyFront, openFaultyFront } from './faulty-front.ts';

/** Of the one layer of the image. */
export const LAYER_BYTES = 3_000_000;

const unexpected = () => assert.fail('nothing is mounted here');
const NO_MOUNTS = { mount: unexpected, mountInBackground: unexpected, unmount: unexpected, turn: unexpected, list: unexpected };

/** Debian's docker-registry with the image `team/app:1`, and before it a front in which things go wrong. */
export interface FaultyUpstream extends AsyncDisposable {
  /** The test's own, with everything of it. */
  readonly folder: string;
  readonly upstream: DockerRegistry;
  readonly front: FaultyFront;
  /** The store that the image was pushed from. */
  readonly source: OpenImageStore;
  readonly image: Image;
  openStore(name: string, clock?: Clock): Promise<OpenImageStore>;
}

/** Opens it; the caller stands in a network namespace of its own. */
export async function openFaultyUpstream(): Promise<FaultyUpstream> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-test-upstream-'));
  const openStore = (name: string, clock: Clock = systemClock) =>
    openImageStore({
      dataDir: join(folder, name),
      linux: { mounts: NO_MOUNTS },
      clock,
      random: systemRandom,
      logger: silentLogger,
      registries: NO_REGISTRIES,
    });
  const upstream = await startDockerRegistry(join(folder, 'registry'), 5_001);
  const front = await openFaultyFront(`http://${upstream.host}`);
  const source = await openStore('source');
  mkdirSync(join(folder, 'root'));
  writeFileSync(join(folder, 'root/data'), randomBytes(LAYER_BYTES));
  execFileSync('tar', ['-C', join(folder, 'root'), '-cf', join(folder, 'root.tar'), '.']);
  const name = parseReference(`${upstream.host}/team/app:1`);
  await source.images.importTar(createReadStream(join(folder, 'root.tar')), { config: {}, name });
  await source.images.push(name, {});
  return {
    folder,
    upstream,
    front,
    source,
    image: await source.images.resolve(`${upstream.host}/team/app:1`),
    openStore,
    async [Symbol.asyncDispose]() {
      await source.stop();
      await front[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
