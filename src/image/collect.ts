import type { Catalogue } from './catalogue.ts';
import type { BlobStore, Doomed } from './content.ts';
import { chainIds } from './digest.ts';
import type { Fresh } from './fresh.ts';
import type { LayerStore } from './layers.ts';
import type { Digest } from './types.ts';

/** An upload that nothing was added to for so long is given up. */
const STALE_UPLOAD_MS = 24 * 3_600_000;

export interface CollectOptions {
  readonly catalogue: Catalogue;
  readonly content: BlobStore;
  readonly layers: LayerStore;
  readonly fresh: Fresh;
  /** Chain ids that snapshots stand on. */
  readonly snapshotChains: () => Iterable<Digest>;
  readonly now_ms: number;
}

/** Takes away blobs, layers and given-up uploads that no image, name, lease, snapshot or running work keeps. The caller deletes what is answered. */
export async function collectGarbage(options: CollectOptions): Promise<readonly Doomed[]> {
  const { catalogue, content, layers, fresh } = options;
  // What becomes referred to after this moment is fresh until then.
  const marked = mark(catalogue, options.snapshotChains());
  const isKept = (digest: Digest) => fresh.has(digest) || marked.has(digest);
  return [...(await content.retain(isKept)), ...layers.retain(isKept), ...(await content.staleUploads(options.now_ms - STALE_UPLOAD_MS))];
}

/** Everything that something durable refers to: blobs by digest, unpacked layers by chain id. */
function mark(catalogue: Catalogue, snapshotChains: Iterable<Digest>): ReadonlySet<Digest> {
  const kept = new Set<Digest>(snapshotChains);
  for (const image of catalogue.images()) {
    kept.add(image.manifestDigest).add(image.id);
    for (const layer of image.manifest.layers) kept.add(layer.digest);
    for (const chainId of chainIds(image.config.rootfs.diff_ids)) kept.add(chainId);
  }
  for (const { manifestDigest } of catalogue.names().values()) kept.add(manifestDigest);
  for (const digests of catalogue.leases().values()) for (const digest of digests) kept.add(digest);
  return kept;
}
