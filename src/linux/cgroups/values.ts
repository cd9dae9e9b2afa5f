import type { CgroupLimits, DeviceIo } from '../types.ts';

/** One value to write, in a file of a group. */
export interface CgroupWrite {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
}

const DEFAULT_PERIOD_US = 100_000;

/** The files of version 2 (cgroup-v2.rst) for these limits. */
export function writesV2(limits: CgroupLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const add = (controller: string, file: string, value: string) => writes.push({ controller, file, value });
  if (limits.memory_bytes !== undefined) add('memory', 'memory.max', limitText(limits.memory_bytes));
  if (limits.cpu_quota_us !== undefined || limits.cpu_period_us !== undefined) {
    const quota = limits.cpu_quota_us ?? -1;
    add('cpu', 'cpu.max', `${quota > 0 ? quota : 'max'} ${limits.cpu_period_us ?? DEFAULT_PERIOD_US}`);
  }
  if (limits.cpu_shares !== undefined) add('cpu', 'cpu.weight', String(weightOf(limits.cpu_shares)));
  if (limits.pids !== undefined) add('pids', 'pids.max', limitText(limits.pids));
  return writes;
}

/** The files of version 1 (cgroup-v1/*.rst) for these limits. */
export function writesV1(limits: CgroupLimits): CgroupWrite[] {
  const writes: CgroupWrite[] = [];
  const add = (controller: string, file: string, value: string) => writes.push({ controller, file, value });
  if (limits.memory_bytes !== undefined) add('memory', 'memory.limit_in_bytes', limits.memory_bytes > 0 ? String(limits.memory_bytes) : '-1');
  if (limits.cpu_period_us !== undefined) add('cpu', 'cpu.cfs_period_us', String(limits.cpu_period_us));
  if (limits.cpu_quota_us !== undefined) add('cpu', 'cpu.cfs_quota_us', String(limits.cpu_quota_us > 0 ? limits.cpu_quota_us : -1));
  if (limits.cpu_shares !== undefined) add('cpu', 'cpu.shares', String(limits.cpu_shares));
  if (limits.pids !== undefined) add('pids', 'pids.max', limitText(limits.pids));
  return writes;
}

/** Version 1's shares (2–262144) on version 2's scale (1–10000), as the OCI runtime specification's implementations map them. */
export function weightOf(shares: number): number {
  const clamped = Math.min(262_144, Math.max(2, shares));
  return 1 + Math.floor(((clamped - 2) * 9999) / 262_142);
}

/** `name value` lines. */
export function parseFlatKeyed(text: string): Record<string, number> {
  const result: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [key, value] = line.split(' ');
    if (key && value !== undefined) result[key] = Number(value);
  }
  return result;
}

/** Version 2's io.stat: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …` a line. */
export function parseIoStat(text: string): DeviceIo[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\d+):(\d+) (.*)$/.exec(line);
    if (!match) return [];
    const values = Object.fromEntries((match[3] ?? '').split(' ').map((word) => word.split('=')));
    const of = (operation: 'read' | 'write', letter: string) => ({
      major: Number(match[1]),
      minor: Number(match[2]),
      operation,
      bytes: Number(values[`${letter}bytes`] ?? 0),
      count: Number(values[`${letter}ios`] ?? 0),
    });
    return [of('read', 'r'), of('write', 'w')];
  });
}

/** Version 1's blkio.throttle.io_service_bytes and io_serviced: `8:0 Read 5` a line. */
export function parseBlkio(bytes: string, counts: string): DeviceIo[] {
  const read = (text: string) =>
    new Map(Array.from(text.matchAll(/^(\d+:\d+) (Read|Write) (\d+)$/gm), (match) => [`${match[1]} ${match[2]}`, Number(match[3])]));
  const counted = read(counts);
  return [...read(bytes)].map(([key, value]) => {
    const [device = '', word] = key.split(' ');
    const [major = 0, minor = 0] = device.split(':').map(Number);
    return { major, minor, operation: word === 'Read' ? 'read' : 'write', bytes: value, count: counted.get(key) ?? 0 };
  });
}

/** A number, or Infinity for `max` and for version 1's page-rounded largest number. */
export function parseLimit(text: string): number {
  const value = text.trim();
  if (value === 'max') return Number.POSITIVE_INFINITY;
  return Number(value) >= 2 ** 62 ? Number.POSITIVE_INFINITY : Number(value);
}

function limitText(value: number): string {
  return value > 0 ? String(value) : 'max';
}
