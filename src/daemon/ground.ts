import type { Network } from '#network';
import type { PartName } from './config.ts';
import { writeRegistriesFile } from './registries-file.ts';
import { type Images, networkOf, openImages, type RoomOptions } from './rooms.ts';
import { shareDirs } from './shared-dirs.ts';
import type { PartOptions } from './types.ts';

/** What several parts stand on: opened before the first of them, closed after the last. */
export interface Ground extends AsyncDisposable {
  readonly room: RoomOptions;
  /** For parts that handle images. */
  readonly images: Images | undefined;
  /** For parts that make namespaces and links; started. */
  readonly network: Network | undefined;
}

/** Opens what the chosen parts stand on. */
export async function openGround(options: PartOptions): Promise<Ground> {
  const { config, identity, linux, clock, random, logger } = options;
  const has = (...parts: readonly PartName[]) => parts.some((part) => config.parts.has(part));
  const room: RoomOptions = { id: identity.id, dataDir: config.dataDir, runDir: config.runDir, linux, clock, random, logger };
  await using opened = new AsyncDisposableStack();
  if (has('engine')) await shareDirs(linux, config);
  await writeRegistriesFile(config.dataDir, config.registry);
  const images = has('engine', 'registry') ? opened.use(await openImages(room, config.settings, config.unpackBounds)) : undefined;
  const network = has('engine', 'network') ? networkOf(room, has('network') ? config.serviceCidr : undefined) : undefined;
  if (network) {
    opened.defer(() => network.stop());
    await network.start();
  }
  const owned = opened.move();
  return { room, images, network, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
