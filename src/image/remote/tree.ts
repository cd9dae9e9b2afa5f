import { isIndex, parseManifest } from '../manifest.ts';
import { ownPlatform } from '../platform.ts';
import type { Descriptor, Digest, Platform } from '../types.ts';
import type { RemoteRepository } from './repository.ts';

/** A manifest with all that hangs on it, as a registry has it. */
export interface ManifestTree {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest itself. */
  readonly size: number;
  readonly platform?: Platform;
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Of an index. */
  readonly manifests: readonly ManifestTree[];
  readonly referrers: readonly Descriptor[];
}

/** Reads the tree under a tag or digest. Errors: those of `RemoteRepository`. */
export async function readTree(repository: RemoteRepository, reference: string, platform?: Platform): Promise<ManifestTree> {
  const { digest, mediaType, bytes } = await repository.manifest(reference);
  const manifest = parseManifest(bytes, mediaType);
  const known = { digest, mediaType: manifest.mediaType, size: bytes.length, ...(platform === undefined ? {} : { platform }) };
  const referrers = await repository.referrers(digest);
  if (!isIndex(manifest)) return { ...known, config: manifest.config, layers: manifest.layers, manifests: [], referrers };
  const manifests: ManifestTree[] = [];
  for (const child of manifest.manifests) manifests.push(await readTree(repository, child.digest, child.platform));
  return { ...known, layers: [], manifests, referrers };
}

/** What a tag stands for, in short. */
export interface TagSummary {
  readonly digest: Digest;
  /** Bytes of all its blobs, each once, and its manifests. */
  readonly size_bytes: number;
  /** As its configuration says (RFC 3339); an index says it by the image for this machine, or else its first. */
  readonly created?: string;
}

/** Errors: those of `RemoteRepository`. */
export async function summarize(repository: RemoteRepository, tag: string): Promise<TagSummary> {
  const sizes = new Map<Digest, number>();
  const configs: { readonly config: Descriptor; readonly isOwn: boolean }[] = [];
  const visit = async (reference: string, platform?: Platform): Promise<Digest> => {
    const { digest, mediaType, bytes } = await repository.manifest(reference);
    const manifest = parseManifest(bytes, mediaType);
    sizes.set(digest, bytes.length);
    if (isIndex(manifest)) for (const child of manifest.manifests) await visit(child.digest, child.platform);
    else {
      for (const blob of [manifest.config, ...manifest.layers]) sizes.set(blob.digest, blob.size);
      if (platform?.os !== 'unknown') configs.push({ config: manifest.config, isOwn: platform?.architecture === ownPlatform().architecture });
    }
    return digest;
  };
  const digest = await visit(tag);
  const shown = (configs.find(({ isOwn }) => isOwn) ?? configs[0])?.config;
  const created = shown === undefined || shown.size === 0 ? undefined : createdIn(await repository.smallBlob(shown));
  return { digest, size_bytes: [...sizes.values()].reduce((sum, size) => sum + size, 0), ...(created === undefined ? {} : { created }) };
}

/** Undefined for what is no image's configuration: artifacts have others. */
function createdIn(config: Buffer): string | undefined {
  try {
    const value: unknown = JSON.parse(config.toString('utf8'));
    return typeof value === 'object' && value !== null && 'created' in value && typeof value.created === 'string' ? value.created : undefined;
  } catch {
    return undefined; // Not JSON: it says no time.
  }
}
