import { renameSync } from 'node:fs';
import { mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eraseTree, KeyedMutex, type Random } from '#kit';
import type { BlobStore, Doomed } from './content.ts';
import { chainIds, digestOf, isDigest } from './digest.ts';
import type { Fresh } from './fresh.ts';
import type { JobRunner } from './jobs/runner.ts';
import { encodeRecord, readRecord, type RecordFormat } from './records.ts';
import { layersOf } from './layers-of.ts';
import type { Digest, Image, Layer } from './types.ts';

interface LayerRecord {
  readonly chainId: Digest;
  readonly diffId: Digest;
  /** Bytes of the files in it. */
  readonly size_bytes: number;
}
/** A layer that is unpacked. */
export interface UnpackedLayer extends LayerRecord {
  /** Short, because the names of all layers of an image must fit into one page when mounted. */
  readonly name: string;
}

const FORMAT: RecordFormat<LayerRecord> = {
  version: 1,
  parse: ({ chainId, diffId, size_bytes }) =>
    typeof chainId === 'string' && isDigest(chainId) && typeof diffId === 'string' && isDigest(diffId) && typeof size_bytes === 'number'
      ? { chainId, diffId, size_bytes }
      : undefined,
};

/** Unpacked layers, one folder each, `layers/<short name>/fs`, found by chain id. A folder without the ending `.new` is whole. */
export class LayerStore {
  readonly folder: string;
  readonly #content: BlobStore;
  readonly #jobs: JobRunner;
  readonly #random: Random;
  readonly #fresh: Fresh;
  readonly #layers = new Map<Digest, UnpackedLayer>();
  readonly #names = new Set<string>();
  readonly #mutex = new KeyedMutex();

  constructor(options: { readonly folder: string; readonly content: BlobStore; readonly jobs: JobRunner; readonly random: Random; readonly fresh: Fresh }) {
    this.folder = join(options.folder, 'layers');
    this.#content = options.content;
    this.#jobs = options.jobs;
    this.#random = options.random;
    this.#fresh = options.fresh;
  }

  /** Finds the layers and removes what a killed process had half unpacked or half removed. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.folder)) {
      const record = name.includes('.') ? undefined : readRecord(join(this.folder, name, 'layer.json'), FORMAT);
      if (record) this.#keep({ ...record, name });
      else await eraseTree(join(this.folder, name));
    }
  }

  /** The folder with the files of a layer. */
  pathOf({ name }: UnpackedLayer): string {
    return join(this.folder, name, 'fs');
  }

  find(chainId: Digest): UnpackedLayer | undefined {
    return this.#layers.get(chainId);
  }

  /** Layers are on their way: what unpacks them gets ready meanwhile. */
  expect(): void {
    this.#jobs.warm();
  }

  /** Unpacks what is not unpacked yet; answers the layers, lowest first. `onLayer` hears of each one by its place. Errors: `DIGEST_INVALID`, `TAR_INVALID`, `BLOB_UNKNOWN`. */
  async ensure(image: Pick<Image, 'manifest' | 'config'>, onLayer?: (index: number) => void): Promise<readonly UnpackedLayer[]> {
    return await this.ensureLayers(layersOf(image), onLayer);
  }

  /** The same of layers that need belong to no image, lowest first. */
  async ensureLayers(layers: readonly Layer[], onLayer?: (index: number) => void): Promise<readonly UnpackedLayer[]> {
    const done: UnpackedLayer[] = [];
    for (const [index, chainId] of chainIds(layers.map(({ diffId }) => diffId)).entries()) {
      const layer = layers[index];
      if (layer === undefined) break;
      const { diffId, blob } = layer;
      this.#fresh.touch(chainId);
      const unpacked = await this.#mutex.run(
        chainId,
        async () => this.#layers.get(chainId) ?? (await this.#unpack({ chainId, diffId, blob: blob.digest, below: done })),
      );
      done.push(unpacked);
      onLayer?.(index);
    }
    return done;
  }

  /** Takes files, written through by the caller, as the unpacked layer of `diffId` upon the chain `below`; where that is unpacked already they stay. */
  async adopt(given: { readonly below: Digest | undefined; readonly diffId: Digest; readonly files: string; readonly size_bytes: number }): Promise<void> {
    const { below, diffId, files, size_bytes } = given;
    const chainId = below === undefined ? diffId : digestOf(`${below} ${diffId}`);
    this.#fresh.touch(chainId);
    await this.#mutex.run(chainId, async () => {
      if (this.#layers.has(chainId)) return;
      const name = this.#freeName();
      const aside = join(this.folder, `${this.#random.hex(8)}.new`);
      try {
        await mkdir(aside, { mode: 0o700 });
        await rename(files, join(aside, 'fs'));
        await this.#finish(aside, { chainId, diffId, size_bytes, name });
      } catch (error) {
        this.#names.delete(name);
        throw error;
      }
    });
  }

  /** Takes away every layer that nobody keeps. */
  retain(isKept: (chainId: Digest) => boolean): Doomed[] {
    const doomed: Doomed[] = [];
    for (const layer of [...this.#layers.values()]) {
      if (isKept(layer.chainId)) continue;
      const path = join(this.folder, `${this.#random.hex(8)}.old`);
      renameSync(join(this.folder, layer.name), path);
      this.#layers.delete(layer.chainId);
      this.#names.delete(layer.name);
      doomed.push({ path, bytes: layer.size_bytes });
    }
    return doomed;
  }

  async #unpack(wanted: { chainId: Digest; diffId: Digest; blob: Digest; below: readonly UnpackedLayer[] }): Promise<UnpackedLayer> {
    const aside = join(this.folder, `${this.#random.hex(8)}.new`);
    const name = this.#freeName();
    try {
      await mkdir(join(aside, 'fs'), { recursive: true, mode: 0o700 });
      const bytes = await this.#content.requireBlob(wanted.blob);
      const below = wanted.below.map((layer) => this.pathOf(layer)).reverse();
      const job = { kind: 'unpack', source: this.#content.pathOf(wanted.blob), target: join(aside, 'fs'), below, diffId: wanted.diffId } as const;
      const { size_bytes } = await this.#jobs.run<'unpack'>(job, bytes);
      return await this.#finish(aside, { chainId: wanted.chainId, diffId: wanted.diffId, size_bytes, name });
    } catch (error) {
      this.#names.delete(name);
      await eraseTree(aside);
      throw error;
    }
  }

  /** The record comes last, then the folder takes its name: with it the layer is there. */
  async #finish(aside: string, { name, ...record }: UnpackedLayer): Promise<UnpackedLayer> {
    await writeSynced(join(aside, 'layer.json'), encodeRecord(record, FORMAT));
    await rename(aside, join(this.folder, name));
    await syncFolder(this.folder);
    return this.#keep({ ...record, name });
  }

  #keep(layer: UnpackedLayer): UnpackedLayer {
    this.#names.add(layer.name);
    this.#layers.set(layer.chainId, layer);
    return layer;
  }

  #freeName(): string {
    let number = this.#names.size;
    while (this.#names.has(number.toString(36))) number += 1;
    const name = number.toString(36);
    this.#names.add(name);
    return name;
  }
}

async function writeSynced(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600, flush: true });
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
