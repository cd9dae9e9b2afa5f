import { ConfigError } from './errors.ts';
import type { OptionValues } from './option-names.ts';

/** How far the cluster's past can be looked at; the store's own measure where nothing is said. */
export interface HistoryConfig {
  /** Revisions. */
  readonly limit?: number;
  readonly age_ms?: number;
}

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LIMIT_MAX = 100_000_000;

/** Errors: `CONFIG_INVALID`, naming the option. */
export function historyOf({ 'history-limit': limit, 'history-age': age, 'etcd-servers': etcd }: OptionValues): HistoryConfig {
  if (limit !== undefined && etcd !== undefined)
    throw new ConfigError('Cannot take --history-limit with --etcd-servers: etcd keeps history by its age; say --history-age');
  if (limit !== undefined && !(/^[1-9]\d{0,8}$/.test(limit) && Number(limit) <= LIMIT_MAX))
    throw new ConfigError(`Cannot take "${limit}" for --history-limit: it must be a number of revisions from 1 to ${LIMIT_MAX}`);
  const [, count, unit = ''] = /^([1-9]\d{0,5})([smhd])$/.exec(age ?? '') ?? [];
  if (age !== undefined && count === undefined) throw new ConfigError(`Cannot take "${age}" for --history-age: it must be a time, such as 90m, 24h or 7d`);
  return { ...(limit === undefined ? {} : { limit: Number(limit) }), ...(count === undefined ? {} : { age_ms: Number(count) * (UNITS_MS[unit] ?? 0) }) };
}
