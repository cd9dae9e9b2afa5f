import type { BlockIoLimits, ResourceLimits } from '#engine';
import { badRequest } from './errors.ts';
import { defined, Fields } from './json.ts';

const CPU_PERIOD_US = 100_000;
const SMALLEST_MEMORY_BYTES = 6 * 2 ** 20;

/** Limits of HostConfig, of an update and of a build. 0 asks for nothing. Errors: 400. */
export function resourceLimits(host: Fields): ResourceLimits | undefined {
  const memory = host.integer('Memory') || undefined;
  const swap = host.integer('MemorySwap') || undefined;
  const nano = host.integer('NanoCpus') || undefined;
  const [quota, period] = [host.integer('CpuQuota') || undefined, host.integer('CpuPeriod') || undefined];
  if (memory !== undefined && memory < SMALLEST_MEMORY_BYTES) throw badRequest('Minimum memory limit allowed is 6MB');
  if (swap !== undefined && swap !== -1 && memory === undefined)
    throw badRequest('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (swap !== undefined && swap !== -1 && memory !== undefined && swap < memory)
    throw badRequest('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (nano !== undefined && (quota !== undefined || period !== undefined))
    throw badRequest('Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set');
  if (nano !== undefined && nano < 10_000_000) throw badRequest(`Range of CPUs is from 0.01 up: ${nano / 1e9} is too little`);
  const pids = host.integer('PidsLimit');
  const limits = defined({
    memory_bytes: memory,
    memorySwap_bytes: swap,
    memoryReservation_bytes: host.integer('MemoryReservation') || undefined,
    cpuQuota_us: nano === undefined ? quota : Math.round((nano * CPU_PERIOD_US) / 1e9),
    cpuPeriod_us: nano === undefined ? period : CPU_PERIOD_US,
    cpuShares: host.integer('CpuShares') || undefined,
    cpusetCpus: host.text('CpusetCpus'),
    cpusetMems: host.text('CpusetMems'),
    pids: pids === undefined || pids <= 0 ? undefined : pids,
    oomScoreAdjust: host.integer('OomScoreAdj') || undefined,
    oomKillDisable: host.flag('OomKillDisable') || undefined,
    swappiness: swappiness(host),
    blockIo: blockIo(host),
    storageSize: storageSize(host),
    ulimits: ulimits(host),
  });
  return Object.keys(limits).length === 0 ? undefined : limits;
}

/** -1 asks for nothing. */
function swappiness(host: Fields): number | undefined {
  const value = host.integer('MemorySwappiness') ?? -1;
  if (value < -1 || value > 100) throw badRequest(`Invalid value: ${value}, valid memory swappiness range is 0-100`);
  return value === -1 ? undefined : value;
}

function storageSize(host: Fields): string | undefined {
  const { size, ...others } = host.map('StorageOpt') ?? {};
  for (const name of Object.keys(others)) throw badRequest(`Unknown option ${name} in HostConfig.StorageOpt: there is only size`);
  return size;
}

const THROTTLES = {
  BlkioDeviceReadBps: 'read-bps',
  BlkioDeviceWriteBps: 'write-bps',
  BlkioDeviceReadIOps: 'read-iops',
  BlkioDeviceWriteIOps: 'write-iops',
} as const;

function blockIo(host: Fields): BlockIoLimits | undefined {
  const weight = host.integer('BlkioWeight') || undefined;
  if (weight !== undefined && (weight < 10 || weight > 1000)) throw badRequest('Range of blkio weight is from 10 to 1000');
  const entries = (name: string, number: string) =>
    host.objects(name).map((item) => {
      const fields = new Fields(item, `HostConfig.${name}.`);
      const [path, value] = [fields.text('Path'), fields.integer(number)];
      if (path === undefined || value === undefined || value < 0) throw badRequest(`HostConfig.${name} needs Path and ${number} in each of its entries`);
      return { path, value };
    });
  const weightDevices = entries('BlkioWeightDevice', 'Weight').map(({ path, value }) => ({ path, weight: value }));
  const throttles = Object.entries(THROTTLES).flatMap(([name, kind]) => entries(name, 'Rate').map(({ path, value }) => ({ kind, path, rate: value })));
  const limits = defined({
    weight,
    weightDevices: weightDevices.length > 0 ? weightDevices : undefined,
    throttles: throttles.length > 0 ? throttles : undefined,
  });
  return Object.keys(limits).length === 0 ? undefined : limits;
}

/** What was asked for and is left out, in words. */
export function resourceWarnings(host: Fields): readonly string[] {
  if (!host.integer('KernelMemory')) return [];
  return ['Specifying a kernel memory limit has no effect: kernels have had none since 5.4. Kernel memory limit discarded.'];
}

function ulimits(host: Fields): ResourceLimits['ulimits'] {
  const list = host.objects('Ulimits').map((item) => {
    const fields = new Fields(item, 'HostConfig.Ulimits.');
    const [name, soft, hard] = [fields.text('Name'), fields.integer('Soft'), fields.integer('Hard')];
    if (name === undefined || soft === undefined || hard === undefined) throw badRequest('HostConfig.Ulimits needs Name, Soft and Hard in each of its entries');
    if (hard !== -1 && soft > hard) throw badRequest(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard} for ${name}`);
    return { name, soft, hard };
  });
  return list.length === 0 ? undefined : list;
}
