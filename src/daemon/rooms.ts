import { join } from 'node:path';
import { type ImageStore, loadRegistries, openImageStore, type Snapshots } from '#image';
import type { PartOptions } from './types.ts';

/** The one image store, which everything that handles images shares. */
export interface Images extends AsyncDisposable {
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
}

/** Where the user's registry entries stand (containers-registries.conf(5)). */
export const registriesFile = (dataDir: string) => join(dataDir, 'registries.conf');

/** Opens the image store of the data dir. */
export async function openImages({ config, linux, clock, random, logger }: PartOptions): Promise<Images> {
  const registries = await loadRegistries(registriesFile(config.dataDir));
  const opened = await openImageStore({ dataDir: join(config.dataDir, 'images'), linux, clock, random, logger, registries });
  return { images: opened.images, snapshots: opened.snapshots, [Symbol.asyncDispose]: () => opened.stop() };
}
