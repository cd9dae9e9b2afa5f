import { UsageError } from '../errors.ts';

const POWERS: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4 };
const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes of `512m`, `1.5g`, `64KiB`. Errors: `USAGE`. */
export function parseBytes(name: string, text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  if (count === undefined) throw new UsageError(`Cannot take "${text}" for ${name}: write a size such as 512m or 2g`);
  return Math.floor(Number(count) * 1024 ** (POWERS[(unit ?? '').toLowerCase()] ?? 0));
}

/** Bytes in three figures and decimal units, as docker lists images: `4.26MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let power = 0;
  while (value >= 1000 && power < DECIMAL.length - 1) {
    value /= 1000;
    power += 1;
  }
  return `${Number(value.toPrecision(3))}${DECIMAL[power]}`;
}
