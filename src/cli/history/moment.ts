import type { RawClient } from '#cluster/client';
import { UsageError } from '../errors.ts';

/** A state of the cluster: the present one, or that of a revision. */
export type Moment = { readonly kind: 'now' } | { readonly kind: 'past'; readonly resourceVersion: string; readonly words: string };

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
export const MOMENT_USAGE = 'now, 10m or 1h30m (ago), 14:30 (today), 2026-01-31T12:00:00Z, or rev:NUMBER';

/** The moment that a word of the command line means. Errors: `USAGE`; the server's for one that is forgotten. */
export async function findMoment(client: RawClient, word: string, now_ms: number): Promise<Moment> {
  if (word === 'now') return { kind: 'now' };
  const [, revision] = /^rev:(\d+)$/.exec(word) ?? [];
  if (revision !== undefined) return { kind: 'past', resourceVersion: revision, words: `revision ${revision}` };
  const time_ms = timeOf(word, now_ms);
  if (time_ms > now_ms) throw new UsageError(`Cannot look at ${new Date(time_ms).toISOString()}: it is yet to come`);
  const { body } = await client.json({ path: `/history?time=${time_ms}` });
  // The server's own form.
  const { resourceVersion } = body as { resourceVersion: string };
  return { kind: 'past', resourceVersion, words: `${new Date(time_ms).toISOString()} (revision ${resourceVersion})` };
}

/** Pure: milliseconds since the Unix epoch. Errors: `USAGE`. */
export function timeOf(word: string, now_ms: number): number {
  const parts = [...word.matchAll(/(\d+)([smhd])/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join('') === word)
    return now_ms - parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0);
  const [, hours, minutes, seconds = '0'] = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(word) ?? [];
  if (hours !== undefined && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 60)
    return new Date(now_ms).setHours(Number(hours), Number(minutes), Number(seconds), 0);
  const time_ms = /^\d{4}-\d{2}-\d{2}/.test(word) ? Date.parse(word) : Number.NaN;
  if (Number.isNaN(time_ms)) throw new UsageError(`Cannot take "${word}" for a moment: write ${MOMENT_USAGE}`);
  return time_ms;
}
