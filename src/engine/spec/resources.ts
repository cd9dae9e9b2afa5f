import { invalid } from '../errors.ts';
import type { ResourceLimits } from '../types.ts';
import { refuseLacking } from './lacking.ts';
import type { Given, Machine } from './machine.ts';

const MEMORY_MIN_BYTES = 6 * 1024 * 1024;

/** `linux.resources` less devices (OCI runtime specification). Errors: `ENGINE_INVALID`. */
export function resourcesOf(limits: ResourceLimits, machine: Machine): Given<Record<string, unknown>> {
  const warnings: string[] = [];
  refuseLacking(limits, machine.lacking);
  const memory = memoryOf(limits, machine, warnings);
  const cpu = present({
    quota: limits.cpuQuota_us,
    period: limits.cpuPeriod_us ?? (limits.cpuQuota_us === undefined ? undefined : 100_000),
    shares: limits.cpuShares,
    cpus: limits.cpusetCpus,
    mems: limits.cpusetMems,
  });
  const pids = limits.pids !== undefined && limits.pids > 0 ? { limit: limits.pids } : undefined;
  return { value: present({ memory, cpu: Object.keys(cpu).length > 0 ? cpu : undefined, pids }), warnings };
}

/** Without a word about swap, Docker gives as much of it as of memory. */
function memoryOf(limits: ResourceLimits, machine: Machine, warnings: string[]): Record<string, unknown> | undefined {
  const { memory_bytes: limit, memorySwap_bytes: swap, memoryReservation_bytes: reservation } = limits;
  if (limit !== undefined && limit > 0 && limit < MEMORY_MIN_BYTES) throw invalid('memory limit', `${limit} bytes; the minimum is 6 MiB`);
  if (swap !== undefined && swap > 0 && limit !== undefined && swap < limit)
    throw invalid('memory-swap limit', `${swap} bytes is below the memory limit of ${limit}`);
  if (swap !== undefined && swap !== 0 && limit === undefined) throw invalid('memory-swap limit', 'a memory limit must be set too');
  if (reservation !== undefined && limit !== undefined && limit > 0 && reservation > limit)
    throw invalid('memory reservation', `${reservation} bytes is above the limit of ${limit}`);
  if (swap !== undefined && swap !== 0 && !machine.swapAccounting)
    warnings.push('Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.');
  const wantedSwap = swap === undefined || swap === 0 ? (limit !== undefined && limit > 0 ? limit * 2 : undefined) : swap;
  if (limits.oomKillDisable && !limit)
    warnings.push('OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.');
  const memory = present({
    limit: limit === 0 ? undefined : limit,
    reservation,
    swap: machine.swapAccounting ? wantedSwap : undefined,
    swappiness: limits.swappiness,
    disableOOMKiller: limits.oomKillDisable || undefined,
  });
  return Object.keys(memory).length > 0 ? memory : undefined;
}

/** `process.rlimits`: nobody can be given more open files than the daemon may have itself. */
export function rlimitsOf(limits: ResourceLimits, machine: Machine): Given<readonly { type: string; soft: number; hard: number }[]> {
  const warnings: string[] = [];
  const free = machine.bounding.has('CAP_SYS_RESOURCE');
  const value = (limits.ulimits ?? []).map(({ name, soft, hard }) => {
    const type = `RLIMIT_${name.toUpperCase().replace(/^RLIMIT_/, '')}`;
    if (!RLIMITS.has(type)) throw invalid('ulimit', `"${name}" is no resource limit; see getrlimit(2)`);
    if (type !== 'RLIMIT_NOFILE' || free || (hard >= 0 && hard <= machine.noFileLimit)) return { type, soft: endless(soft), hard: endless(hard) };
    warnings.push(`The limit of open files was lowered from ${hard} to ${machine.noFileLimit}, which is the daemon's own`);
    return { type, soft: soft < 0 ? machine.noFileLimit : Math.min(soft, machine.noFileLimit), hard: machine.noFileLimit };
  });
  return { value, warnings };
}

/** `process.oomScoreAdj`, raised to what the daemon may ask for. */
export function oomScoreOf(limits: ResourceLimits, machine: Machine): Given<number | undefined> {
  const wanted = limits.oomScoreAdjust;
  if (wanted === undefined || wanted === 0) return { value: undefined, warnings: [] };
  if (wanted < -1000 || wanted > 1000) throw invalid('oom score adjustment', `${wanted}; it must be from -1000 to 1000`);
  if (wanted >= machine.oomScoreMin) return { value: wanted, warnings: [] };
  return { value: machine.oomScoreMin, warnings: [`oom_score_adj was raised from ${wanted} to ${machine.oomScoreMin}, the least the daemon may give`] };
}

const RLIMITS = new Set(
  'AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK'.split(' ').map((name) => `RLIMIT_${name}`),
);

/** RLIM_INFINITY as far as a JSON number reaches exactly for programs that read it as unsigned. */
function endless(value: number): number {
  return value < 0 ? 2 ** 63 : value;
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
