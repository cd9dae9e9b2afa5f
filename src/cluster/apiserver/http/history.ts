import { badRequest } from '#cluster/api';
import type { Store } from '#cluster/store';

/** Not of Kubernetes: which resourceVersion a moment had, for lists with `resourceVersionMatch=Exact`. */
export const HISTORY_PATH = '/history';

/** `?time=` is RFC 3339, or milliseconds since the Unix epoch. Errors: 400; 410 for a moment that is forgotten. */
export async function momentOf(store: Store, parameters: URLSearchParams): Promise<{ readonly resourceVersion: string; readonly time: string }> {
  const text = parameters.get('time') ?? '';
  const time_ms = /^\d+$/.test(text) ? Number(text) : Date.parse(text);
  if (!Number.isSafeInteger(time_ms) || Math.abs(time_ms) > 8.64e15) throw badRequest(`Cannot read time=${text}: write it as 2026-01-31T12:00:00Z`);
  return { resourceVersion: String(await store.revisionAt(time_ms)), time: new Date(time_ms).toISOString() };
}
