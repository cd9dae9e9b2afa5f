import { StoreError } from './errors.ts';
import type { LeaseRecord, StoreContent } from './journal.ts';
import type { LeaseId, Store, StoredItem } from './types.ts';

/** All that stands in the store now. */
export async function contentOf(store: Store): Promise<StoreContent & { readonly leases: readonly LeaseRecord[] }> {
  const { items, revision } = await store.range('');
  return { items, revision, leases: await leasesOf(store, boundTo(items)) };
}

function boundTo(items: readonly StoredItem[]): ReadonlySet<LeaseId> {
  return new Set(items.flatMap(({ lease }) => (lease === undefined ? [] : [lease])));
}

/** What is left of each. One that has ended since its keys were read has a second: they end with it. */
export async function leasesOf(store: Store, ids: Iterable<LeaseId>): Promise<readonly LeaseRecord[]> {
  const leases: LeaseRecord[] = [];
  for (const id of ids) {
    try {
      const { ttl_s, left_s } = await store.lease(id);
      leases.push({ id, ttl_s, left_s: Math.max(1, left_s) });
    } catch (error) {
      if (!(error instanceof StoreError && error.code === 'LEASE_NOT_FOUND')) throw error;
      leases.push({ id, ttl_s: 1, left_s: 1 });
    }
  }
  return leases;
}
