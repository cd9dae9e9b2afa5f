import { mkdir } from 'node:fs/promises';
import type { Clock, Logger, Random } from '#kit';
import type { Linux } from '#linux';
import { DEFAULT_BOUNDS, type UnpackBounds } from './bounds.ts';
import { Catalogue } from './catalogue.ts';
import { BlobStore } from './content.ts';
import { Fresh } from './fresh.ts';
import { CatalogueImageStore } from './image-store.ts';
import { JobRunner } from './jobs/runner.ts';
import { LayerStore } from './layers.ts';
import type { RegistriesConfig } from './registries.ts';
import type { RegistriesAsked } from './remote/registries-asked.ts';
import type { RemoteOptions } from './remote/session.ts';
import { OverlaySnapshots } from './snapshots.ts';
import type { DigestAlgorithm, ImageStore, Snapshots } from './types.ts';

export interface ImageStoreOptions {
  /** Blobs, layers, snapshots and records live below it; made when it is not there. */
  readonly dataDir: string;
  readonly linux: Pick<Linux, 'mounts'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly registries: RegistriesConfig;
  readonly remote?: RemoteOptions;
  /** Of what is unpacked. */
  readonly bounds?: Partial<UnpackBounds>;
  /** Entry of the worker threads, where the program was bundled: the default is the source file. */
  readonly workerEntry?: URL;
}
export interface OpenImageStore {
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  /** Ends worker threads and connections. Mounts stay. */
  stop(): Promise<void>;
}

/** Opens the image store of a data dir, repairing what a killed process left. Errors: `FORMAT_TOO_NEW`, `RECORD_BROKEN`. */
export async function openImageStore(options: ImageStoreOptions): Promise<OpenImageStore> {
  const { dataDir: folder, clock, random, registries, logger } = options;
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const jobs = new JobRunner({ clock, bounds, entry: options.workerEntry ?? new URL('./jobs/worker.ts', import.meta.url) });
  const fresh = new Fresh(clock);
  const hashFile = async (path: string, bytes: number, algorithm: DigestAlgorithm) => (await jobs.run<'hash'>({ kind: 'hash', path, algorithm }, bytes)).digest;
  const content = new BlobStore({ folder, random, fresh, hashFile });
  await content.open();
  const layers = new LayerStore({ folder, content, jobs, random, fresh });
  await layers.open();
  const catalogue = new Catalogue({ folder, content, logger });
  await catalogue.open();
  let asking: Promise<RegistriesAsked> | undefined;
  const asked = () => (asking ??= import('./remote/registries-asked.ts').then((room) => new room.RegistriesAsked(options, registries, options.remote)));
  const snapshots = new OverlaySnapshots({
    folder,
    mounts: options.linux.mounts,
    content,
    layers,
    jobs,
    fresh,
    logger,
    imageById: async (id) => catalogue.whole(catalogue.resolve(id)),
  });
  await snapshots.open();
  const images = new CatalogueImageStore({ catalogue, content, layers, jobs, bounds, fresh, asked, snapshotChains: () => snapshots.chains(), clock });
  return {
    images,
    snapshots,
    async stop() {
      (await asking)?.[Symbol.dispose]();
      await Promise.all([jobs.stop(), snapshots.close()]);
    },
  };
}
