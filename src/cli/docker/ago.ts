const STEPS = [
  { unit: 'minute', seconds: 60, below: 60, one: 'About a minute' },
  { unit: 'hour', seconds: 3600, below: 48, one: 'About an hour' },
  { unit: 'day', seconds: 86_400, below: 14, one: '1 day' },
  { unit: 'week', seconds: 604_800, below: 9, one: '1 week' },
  { unit: 'month', seconds: 2_592_000, below: 24, one: '1 month' },
  { unit: 'year', seconds: 31_536_000, below: Number.POSITIVE_INFINITY, one: '1 year' },
] as const;

/** How long ago a moment (Unix seconds) was, in rough words: `3 minutes ago`. */
export function ago(moment_seconds: number, now_ms: number): string {
  const seconds = Math.max(0, Math.floor(now_ms / 1000 - moment_seconds));
  if (seconds < 1) return 'Less than a second ago';
  if (seconds < 60) return `${seconds} second${seconds === 1 ? '' : 's'} ago`;
  for (const { unit, seconds: length, below, one } of STEPS) {
    const count = Math.floor(seconds / length);
    if (count < below) return `${count === 1 ? one : `${count} ${unit}s`} ago`;
  }
  return '';
}
