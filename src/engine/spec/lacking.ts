import { unsupported } from '../errors.ts';
import type { ResourceLimits } from '../types.ts';

/** A limit that not every kernel has: where it shows that this one does, and why it may not. */
export interface KernelFeature {
  /** As the Docker Engine API calls it. */
  readonly field: string;
  readonly asks: (limits: ResourceLimits) => boolean;
  /** The kernel has it when one of these files is there, by the version of control groups; none: never. */
  readonly files: Readonly<Record<1 | 2, readonly string[]>>;
  readonly reason: string;
}

const MEMORY = '/sys/fs/cgroup/memory';
const BLKIO = '/sys/fs/cgroup/blkio';
const ALWAYS = ['/sys/fs/cgroup/cgroup.controllers'];

/** All that is refused because the machine's kernel lacks it. Nothing else is refused for that reason. */
export const KERNEL_FEATURES: readonly KernelFeature[] = [
  {
    field: 'BlkioWeight',
    asks: ({ blockIo }) => blockIo?.weight !== undefined || (blockIo?.weightDevices?.length ?? 0) > 0,
    files: { 1: [`${BLKIO}/blkio.weight`, `${BLKIO}/blkio.bfq.weight`], 2: ALWAYS },
    reason: 'this kernel has no weights for block devices (neither CFQ nor BFQ group scheduling)',
  },
  {
    field: 'BlkioDevice limits',
    asks: ({ blockIo }) => (blockIo?.throttles?.length ?? 0) > 0,
    files: { 1: [`${BLKIO}/blkio.throttle.read_bps_device`], 2: ALWAYS },
    reason: 'this kernel has no throttling of block devices (CONFIG_BLK_DEV_THROTTLING)',
  },
  {
    field: 'OomKillDisable',
    asks: ({ oomKillDisable }) => oomKillDisable === true,
    files: { 1: [`${MEMORY}/memory.oom_control`], 2: [] },
    reason: 'control groups of version 2 have no switch for the out-of-memory killer',
  },
  {
    field: 'MemorySwappiness',
    asks: ({ swappiness }) => swappiness !== undefined,
    files: { 1: [`${MEMORY}/memory.swappiness`], 2: [] },
    reason: 'control groups of version 2 have no swappiness of their own',
  },
  {
    field: 'StorageOpt size',
    asks: ({ storageSize }) => storageSize !== undefined,
    files: { 1: [], 2: [] },
    reason: 'the writable layer is a folder of an overlay, and its file system gives folders no size of their own',
  },
];

/** The fields that a machine lacks. */
export function lackingFields(cgroupVersion: 1 | 2, isThere: (path: string) => boolean): ReadonlySet<string> {
  return new Set(KERNEL_FEATURES.filter(({ files }) => !files[cgroupVersion].some(isThere)).map(({ field }) => field));
}

/** Errors: `ENGINE_UNSUPPORTED` with the kernel's reason, for the first limit that the machine lacks. */
export function refuseLacking(limits: ResourceLimits, lacking: ReadonlySet<string>): void {
  for (const { field, asks, reason } of KERNEL_FEATURES) if (lacking.has(field) && asks(limits)) throw unsupported(`HostConfig.${field}`, reason);
}
