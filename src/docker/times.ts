import { parseDuration_ns } from '#kit';
import { badRequest } from './errors.ts';

/** RFC 3339 with nanoseconds as Go writes it; Docker's zero time when undefined. */
export function goTime(time_ms: number | undefined): string {
  if (time_ms === undefined) return '0001-01-01T00:00:00Z';
  return `${new Date(time_ms).toISOString().slice(0, -1)}000000Z`;
}

/** A time of RFC 3339 with its nanoseconds, in UTC, as Docker shows it. */
export function utcTime(time: string): string {
  const match = /^(.{19})(\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.exec(time);
  if (!match) return time;
  return `${new Date(time).toISOString().slice(0, 19)}${match[2] ?? ''}Z`;
}

/** A moment in Docker's words: Unix seconds with fraction, RFC 3339, or a Go duration before now. Milliseconds. */
export function parseMoment_ms(text: string | undefined, now_ms: number, name: string): number | undefined {
  if (text === undefined || text === '' || text === '0') return undefined;
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ago_ns = parseDuration_ns(text);
  if (ago_ns !== undefined) return now_ms - ago_ns / 1e6;
  const parsed = Date.parse(text);
  if (Number.isNaN(parsed)) throw badRequest(`invalid value for "${name}": "${text}" is neither a Unix time, nor RFC 3339, nor a duration such as 10m`);
  return parsed;
}

/** Docker's rough durations: `Less than a second`, `3 minutes`, `About an hour`. */
export function humanDuration(duration_ms: number): string {
  const seconds = Math.floor(duration_ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60 + 0.5);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(hours / 24 / 365)} years`;
}
