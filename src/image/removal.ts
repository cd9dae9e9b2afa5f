import type { Catalogue, KnownImage } from './catalogue.ts';
import { hexOf, shortId } from './digest.ts';
import { imageHasNames, imageInUse } from './errors.ts';
import { familiarName } from './reference.ts';
import type { Digest } from './types.ts';

/** What Docker's `rmi` does to names and image. */
export interface RemovalPlan {
  readonly untag: readonly string[];
  readonly deleteImage: boolean;
}

/** Leases that hold blobs or a cache, and nobody's running work. */
const LIGHT_OWNERS = ['repository/', 'upstream/', 'pull/', 'push/', 'build-cache/'];

/** Decides what a removal takes away. Errors: `IMAGE_IN_USE`. */
export function planRemoval(catalogue: Catalogue, image: KnownImage, asked: string, force: boolean): RemovalPlan {
  const names = catalogue.namesOf(image.id);
  const matched = hexOf(image.id).startsWith(asked.replace(/^sha256:/, '')) ? undefined : catalogue.matchName(asked);
  const user = userOf(catalogue, image.id);
  if (matched !== undefined) {
    const repository = repositoryOf(matched);
    const otherTags = names.filter((name) => name !== matched && !name.includes('@'));
    // The names by digest go with the repository's last tag.
    const gone = otherTags.some((name) => repositoryOf(name) === repository)
      ? [matched]
      : [matched, ...names.filter((name) => name !== matched && name.includes('@') && repositoryOf(name) === repository)];
    if (names.length > gone.length) return { untag: gone, deleteImage: false };
    if (user !== undefined && !force) throw imageInUse(familiarName(matched), user);
    return { untag: gone, deleteImage: user === undefined };
  }
  if (user !== undefined && !force) throw imageInUse(shortId(image.id), user);
  const repositories = new Set(names.map(repositoryOf));
  if (repositories.size > 1 && !force) throw imageHasNames(shortId(image.id), [...repositories].map(familiarName));
  return { untag: names, deleteImage: user === undefined };
}

function userOf(catalogue: Catalogue, id: Digest): string | undefined {
  for (const [owner, digests] of catalogue.leases()) if (digests.includes(id) && !LIGHT_OWNERS.some((prefix) => owner.startsWith(prefix))) return owner;
  return undefined;
}

function repositoryOf(name: string): string {
  const at = name.indexOf('@');
  return at >= 0 ? name.slice(0, at) : name.slice(0, name.lastIndexOf(':'));
}
