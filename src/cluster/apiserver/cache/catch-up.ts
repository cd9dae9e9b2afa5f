import type { Context } from '../context.ts';

const PATIENCE_MS = 200;

/**
 * Where several servers write to one store: resolves when the cache has seen all that stood there when it was asked, so that who was answered
 * by one server finds his change at another. Revisions of other users of the same etcd are told by no watch: for those it waits 200 ms, in
 * which all of ours has come.
 */
export async function catchUp({ store, cache, clock }: Context): Promise<void> {
  if (!store.shared) return;
  const revision = await store.revision();
  if (cache.revision >= revision) return;
  const late = Promise.withResolvers<void>();
  using _timer = clock.setTimer(PATIENCE_MS, () => late.resolve());
  await Promise.race([cache.reached(revision), late.promise]);
}
