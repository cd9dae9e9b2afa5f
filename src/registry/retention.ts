import type { Digest } from '#image';
import { matcherOf } from './pattern.ts';
import type { Repository } from './repository.ts';

export interface RetentionRule {
  /** A pattern of repositories' names. The first rule that matches a repository rules it. */
  readonly repositories: string;
  /** A tag goes when none of these keeps it; without this, none goes. */
  readonly keep?: {
    /** The tags set last. */
    readonly last?: number;
    readonly youngerThan_ms?: number;
    /** A pattern of tags. */
    readonly tags?: string;
  };
  /** Manifests without a tag go after so long; without this, none goes. */
  readonly untaggedAfter_ms?: number;
}
export interface RetentionSettings {
  /** How often the rules are applied; only on request when left out. */
  readonly every_ms?: number;
  /** The schedule says in the log what would go, and lets it be. */
  readonly dryRun?: boolean;
  readonly rules: readonly RetentionRule[];
}
export interface Expired {
  readonly tags: readonly string[];
  readonly manifests: readonly Digest[];
}

const NOTHING: Expired = { tags: [], manifests: [] };

/** What of a repository the rules let go. A manifest stays while a tag, a manifest that stays, or (of a referrer) its subject does. */
export function expiredOf(repository: Repository, rules: readonly RetentionRule[], now_ms: number): Expired {
  const rule = rules.find(({ repositories }) => matcherOf(repositories)(repository.name));
  if (!rule) return NOTHING;
  const tags = expiredTags(repository, rule, now_ms);
  return { tags, manifests: rule.untaggedAfter_ms === undefined ? [] : expiredManifests(repository, now_ms - rule.untaggedAfter_ms) };
}

function expiredTags({ tags }: Repository, { keep }: RetentionRule, now_ms: number): readonly string[] {
  if (!keep || Object.keys(keep).length === 0) return [];
  const newest = [...tags].sort(([a, { tagged_ms: x }], [b, { tagged_ms: y }]) => y - x || (a < b ? 1 : -1));
  const isNamed = keep.tags === undefined ? () => false : matcherOf(keep.tags);
  const youngest_ms = keep.youngerThan_ms === undefined ? Number.POSITIVE_INFINITY : now_ms - keep.youngerThan_ms;
  return newest
    .filter(([tag, { tagged_ms }], place) => place >= (keep.last ?? 0) && tagged_ms <= youngest_ms && !isNamed(tag))
    .map(([tag]) => tag)
    .sort();
}

/** A tag that goes now begins the time of its manifest without one; it does not end it. */
function expiredManifests(repository: Repository, before_ms: number): readonly Digest[] {
  const { manifests } = repository;
  const kept = new Set<Digest>();
  const open: Digest[] = [...manifests]
    .filter(([digest, { untagged_ms }]) => repository.tagsOf(digest).size > 0 || untagged_ms > before_ms)
    .map(([digest]) => digest);
  const referrers = new Map<Digest, Digest[]>();
  for (const [digest, { subject }] of manifests) if (subject !== undefined) referrers.set(subject, [...(referrers.get(subject) ?? []), digest]);
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (kept.has(digest)) continue;
    kept.add(digest);
    open.push(...(referrers.get(digest) ?? []), ...(manifests.get(digest)?.references.filter((child) => manifests.has(child)) ?? []));
  }
  return [...manifests.keys()].filter((digest) => !kept.has(digest));
}
