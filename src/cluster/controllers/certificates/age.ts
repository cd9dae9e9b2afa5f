import type { V1CertificateSigningRequest } from '#cluster/api';

const HOUR_MS = 3_600_000;
const ANSWERED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

/** How long a request stays: an hour once it was answered, a day while it waits. Not positive where its time is up. Pure. */
export function untilGone_ms({ metadata, status }: V1CertificateSigningRequest, now_ms: number): number {
  const times = (status?.conditions ?? []).map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? ''));
  const answered_ms = Math.max(...times.filter((time) => !Number.isNaN(time)));
  if (times.length > 0 && Number.isFinite(answered_ms)) return answered_ms + ANSWERED_MS - now_ms;
  const made_ms = Date.parse(metadata.creationTimestamp ?? '');
  return Number.isNaN(made_ms) ? PENDING_MS : made_ms + PENDING_MS - now_ms;
}
