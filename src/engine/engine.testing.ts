import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, createReadStream, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLogger, type Logger, systemClock, systemRandom } from '#kit';
import { type ImageRunConfig, NO_REGISTRIES, openImageStore, parseReference } from '#image';
import { openLinux, shareFolder, unshareFolder } from '#linux';
import { createNetwork } from '#network';
import { createEngine } from './engine.ts';
import type { ContainerSpec, Engine } from './types.ts';

/** A place for one test daemon: its folders, and the tar of a busybox image. */
export interface TestPlace {
  readonly id: string;
  readonly folder: string;
  readonly tar: string;
  /** Whether mounts below the folder reach other mount namespaces, as under a daemon. */
  readonly shared: boolean;
}

export function makePlace({ shared = true }: { readonly shared?: boolean } = {}): TestPlace {
  const folder = mkdtempSync('/tmp/gantry-test-engine-');
  const root = join(folder, 'rootfs');
  for (const name of ['bin', 'etc', 'tmp', 'root', 'home/app', 'data']) mkdirSync(join(root, name), { recursive: true });
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  for (const name of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n').filter(Boolean))
    if (!existsSync(join(root, 'bin', name))) symlinkSync('busybox', join(root, 'bin', name));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\napp:x:1000:\nextra:x:2000:app\n');
  writeFileSync(join(root, 'data/seed'), 'from the image');
  chmodSync(join(root, 'data'), 0o770);
  chmodSync(join(root, 'tmp'), 0o1777);
  const tar = join(folder, 'rootfs.tar');
  execFileSync('tar', ['--numeric-owner', '--owner=0', '--group=0', '-C', root, '-cf', tar, '.']);
  rmSync(root, { recursive: true });
  return { id: systemRandom.hex(8), folder, tar, shared };
}

export interface TestEngine extends AsyncDisposable {
  readonly engine: Engine;
  readonly stop: () => Promise<void>;
}

/** Starts an engine on the place; disposing it lets go, containers keep running. */
export async function openEngine(
  place: TestPlace,
  logger: Logger = createLogger({ level: 'warn', clock: systemClock, write: (line) => void process.stderr.write(line) }),
): Promise<TestEngine> {
  const base = { clock: systemClock, random: systemRandom, logger, linux: openLinux() };
  const [dataDir, runDir] = [join(place.folder, 'data'), join(place.folder, 'run')];
  mkdirSync(runDir, { recursive: true });
  if (place.shared) await shareFolder(base.linux.mounts, place.folder);
  const store = await openImageStore({ ...base, dataDir: join(dataDir, 'images'), registries: NO_REGISTRIES });
  const network = createNetwork({ ...base, id: place.id, runDir });
  await network.start();
  const { images, snapshots } = store;
  const engine = createEngine({
    ...base,
    id: place.id,
    dataDir,
    runDir,
    network,
    images,
    snapshots,
    runtime: { crun: '/usr/bin/crun', conmon: '/usr/bin/conmon' },
  });
  await engine.start();
  if ((await images.list()).length === 0) {
    const config: ImageRunConfig = { Cmd: ['sh'], Env: ['PATH=/bin'] };
    await images.importTar(createReadStream(place.tar), { config, name: parseReference('busybox') });
  }
  const stop = async () => {
    await engine.stop();
    await network.stop();
    await store.stop();
  };
  return { engine, stop, [Symbol.asyncDispose]: stop };
}

/** Ends whatever the place's daemon left and removes its folders. */
export async function closePlace(place: TestPlace): Promise<void> {
  const { engine, stop } = await openEngine(place);
  for (const container of engine.containers.list()) await engine.containers.remove(container.id, { force: true, volumes: true });
  await engine.tearDown();
  await stop();
  const network = createNetwork({
    clock: systemClock,
    random: systemRandom,
    logger: createLogger({ level: 'warn', clock: systemClock, write: () => undefined }),
    linux: openLinux(),
    id: place.id,
    runDir: join(place.folder, 'run'),
  });
  await network.removeAll();
  await unshareFolder(openLinux().mounts, place.folder);
  rmSync(place.folder, { recursive: true, force: true });
}

export const BUSYBOX: ContainerSpec = { owner: { kind: 'docker' }, image: 'busybox', network: { kind: 'networks', endpoints: { bridge: {} } } };
export const shell = (script: string, more: Partial<ContainerSpec> = {}): ContainerSpec => ({ ...BUSYBOX, command: ['sh', '-c', script], ...more });
