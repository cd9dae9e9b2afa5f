import type { Clock } from '#kit';
import type { Digest } from '#image';
import type { Repositories } from './repositories.ts';
import { expiredOf, type RetentionSettings } from './retention.ts';
import type { BlobStorage } from './storage/types.ts';

/** What a collection took away, or would. */
export interface CollectReport {
  readonly dryRun: boolean;
  /** By the rules of retention, repositories in order; those of which nothing goes are left out. */
  readonly repositories: readonly { readonly name: string; readonly tags: readonly string[]; readonly manifests: readonly Digest[] }[];
  /** Blobs and manifests that no repository has any more. */
  readonly blobs: number;
  /** Of these. */
  readonly bytes: number;
  /** What the storage gave back, which may be less (a local image has the blob, too) or more (what was garbage before). 0 of a dry run. */
  readonly freedBytes: number;
}
export interface CollectParts {
  readonly repositories: Repositories;
  readonly storage: BlobStorage;
  readonly clock: Clock;
  readonly retention?: RetentionSettings;
}

/** Applies the rules of retention and takes away blobs that nothing needs, while pushes and pulls go on. */
export async function collect({ repositories, storage, clock, retention }: CollectParts, { dryRun }: { readonly dryRun: boolean }): Promise<CollectReport> {
  const rules = retention?.rules ?? [];
  const gone = new Map<Digest, number>();
  const report: { name: string; tags: readonly string[]; manifests: readonly Digest[] }[] = [];
  for (const name of repositories.names()) {
    const plan = (repository: NonNullable<ReturnType<Repositories['find']>>) => {
      const expired = expiredOf(repository, rules, clock.now());
      if (expired.tags.length + expired.manifests.length > 0) report.push({ name, ...expired });
      for (const digest of expired.manifests) gone.set(digest, repository.manifests.get(digest)?.size ?? 0);
      for (const digest of repositories.orphans(repository, new Set(expired.manifests))) gone.set(digest, repository.blobs.get(digest)?.size ?? 0);
      return expired;
    };
    const found = repositories.find(name);
    if (!found) continue;
    if (dryRun) plan(found);
    else await repositories.sweep(name, plan);
  }
  if (dryRun) forgetKept(gone, repositories, report, new Set(gone.keys()));
  else for (const digest of gone.keys()) if (repositories.names().some((name) => has(repositories, name, digest))) gone.delete(digest);
  const bytes = [...gone.values()].reduce((sum, size) => sum + size, 0);
  return { dryRun, repositories: report, blobs: gone.size, bytes, freedBytes: dryRun ? 0 : await storage.collect() };
}

function has(repositories: Repositories, name: string, digest: Digest): boolean {
  const repository = repositories.find(name);
  return repository?.blobs.has(digest) === true || repository?.manifests.has(digest) === true;
}

/** What goes from one repository may stay in another. */
function forgetKept(
  gone: Map<Digest, number>,
  repositories: Repositories,
  report: readonly { name: string; manifests: readonly Digest[] }[],
  all: ReadonlySet<Digest>,
): void {
  for (const name of repositories.names()) {
    const repository = repositories.find(name);
    if (!repository) continue;
    const manifests = new Set(report.find((entry) => entry.name === name)?.manifests);
    const leaving = new Set<Digest>([...manifests, ...repositories.orphans(repository, manifests)]);
    for (const digest of all) if (!leaving.has(digest) && has(repositories, name, digest)) gone.delete(digest);
  }
}
