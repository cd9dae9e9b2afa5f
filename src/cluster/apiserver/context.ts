import type { Clock, KeyedMutex, Logger, Random } from '#kit';
import { copyOf, type KubeObject } from '#cluster/api';
import type { Store } from '#cluster/store';
import type { AdmissionChain } from './admission/chain.ts';
import type { KindDirectory } from './custom/directory.ts';
import type { QuotaUsage } from './admission/quota-usage.ts';
import type { ServiceAllocator } from './admission/service-allocator.ts';
import type { Authorizer } from './auth/authorizer.ts';
import type { ServiceAccountTokens } from './auth/tokens/service-account-tokens.ts';
import type { ObjectCache } from './cache/object-cache.ts';
import type { RequestMetrics } from './metrics/request-metrics.ts';
import type { NodeDirectory, PlaceJudge } from './types.ts';

/** What every verb works with. */
export interface Context {
  readonly store: Store;
  readonly cache: ObjectCache;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly nodes: NodeDirectory;
  readonly places: PlaceJudge | undefined;
  /** What is served now. */
  readonly kinds: KindDirectory;
  /** One writer at a time for each key. */
  readonly writes: KeyedMutex;
  readonly services: ServiceAllocator;
  readonly authorizer: Authorizer;
  /** Those of ServiceAccounts. */
  readonly tokens: ServiceAccountTokens;
  readonly admission: AdmissionChain;
  readonly metrics: RequestMetrics;
  /** Of quotas. */
  readonly usage: QuotaUsage;
  /** Watches that are open; they end with the server. */
  readonly watches: Set<{ end(): void }>;
}

/** Now, as Kubernetes writes times: RFC 3339, whole seconds. */
export function timestamp(clock: Clock, later_ms = 0): string {
  return `${new Date(clock.now() + later_ms).toISOString().slice(0, 19)}Z`;
}

/** A copy that may be changed. */
export function mutable<T extends KubeObject>(object: T): T {
  return copyOf(object);
}
