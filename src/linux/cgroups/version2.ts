import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#kit';
import { freezeTimedOut } from '../errors.ts';
import type { CgroupLimits, Cgroups, CgroupUsage, Processes } from '../types.ts';
import { makeFolder, processesBelow, readIfThere, readWithMachine, writeValue } from './files.ts';
import { childrenIn, endAndRemove, removeEmpty } from './remove.ts';
import { parseFlatKeyed, parseLimit, writesV2, parseIoStat } from './values.ts';

const WANTED_CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'pids'];
const FREEZE_MAX_MS = 5000;

/** Version 2: one folder in one hierarchy. */
export function openVersion2(root: string, parts: { readonly processes: Processes; readonly clock: Clock }): Omit<Cgroups, 'hybridWithControllers' | 'warmUp'> {
  const update = async (path: string, limits: CgroupLimits) => {
    for (const { file, value } of writesV2(limits)) await writeValue(join(root, path, file), value);
  };
  return {
    version: 2,
    async create(path, limits = {}) {
      await makeGroup(root, path);
      await update(path, limits);
    },
    update,
    usage: (path) => readUsage(join(root, path)),
    oomKills: async (path) => parseFlatKeyed((await readIfThere(join(root, path, 'memory.events'))) ?? '').oom_kill ?? 0,
    freeze: (path, frozen) => freeze(join(root, path), frozen, parts.clock),
    processes: (path) => processesBelow(join(root, path)),
    async remove(path) {
      await endAndRemove(await removeEmpty([join(root, path)]), parts);
    },
    children: (path) => childrenIn([root], path),
  };
}

/** Controllers are handed down from the root to the group's parent; the group itself then has their files. */
async function makeGroup(root: string, path: string): Promise<void> {
  let folder = root;
  for (const name of path.split('/').filter(Boolean)) {
    const wanted = enableLine((await readIfThere(join(folder, 'cgroup.controllers'))) ?? '', (await readIfThere(join(folder, 'cgroup.subtree_control'))) ?? '');
    if (wanted !== '') await writeValue(join(folder, 'cgroup.subtree_control'), wanted);
    folder = join(folder, name);
    await makeFolder(folder);
  }
}

/** What to write to `cgroup.subtree_control`, given what is available and what is enabled. */
export function enableLine(available: string, enabled: string): string {
  const has = available.trim().split(' ');
  const on = enabled.trim().split(' ');
  return WANTED_CONTROLLERS.filter((name) => has.includes(name) && !on.includes(name))
    .map((name) => `+${name}`)
    .join(' ');
}

/** `cgroup.events` changes when the last task stands still, and a watch on it tells. */
async function freeze(group: string, frozen: boolean, clock: Clock): Promise<void> {
  const events = join(group, 'cgroup.events');
  const wanted = frozen ? 1 : 0;
  const abort = new AbortController();
  using _timer = clock.setTimer(FREEZE_MAX_MS, () => abort.abort(freezeTimedOut(group, frozen ? 'running' : 'frozen')));
  const changes = watch(events, { signal: abort.signal });
  await writeValue(join(group, 'cgroup.freeze'), String(wanted));
  try {
    if (parseFlatKeyed((await readIfThere(events)) ?? '').frozen === wanted) return;
    for await (const _change of changes) {
      if (parseFlatKeyed((await readIfThere(events)) ?? '').frozen === wanted) return;
    }
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    await changes.return?.();
  }
}

async function readUsage(group: string): Promise<CgroupUsage> {
  const read = async (file: string) => (await readIfThere(join(group, file))) ?? '';
  const cpu = readWithMachine(join(group, 'cpu.stat'));
  const names = ['memory.current', 'memory.max', 'memory.peak', 'memory.stat', 'memory.events', 'pids.current', 'pids.max', 'io.stat'];
  const [current = '', max = '', peak = '', stat = '', events = '', pids = '', pidsMax = '', io = ''] = await Promise.all(names.map(read));
  return usageOf({ cpu: cpu.text, current, max, peak, stat, events, pids, pidsMax, io }, cpu.machine_cpu_ns);
}

/** The texts of a group's files as figures. Pure. */
export function usageOf(
  texts: Readonly<Record<'cpu' | 'current' | 'max' | 'peak' | 'stat' | 'events' | 'pids' | 'pidsMax' | 'io', string>>,
  machine_cpu_ns: number,
): CgroupUsage {
  const cpu = parseFlatKeyed(texts.cpu);
  const stat = parseFlatKeyed(texts.stat);
  const usage = Number(texts.current);
  const pidsLimit = texts.pidsMax === '' ? Number.POSITIVE_INFINITY : parseLimit(texts.pidsMax);
  return {
    cpu_total_ns: (cpu.usage_usec ?? 0) * 1000,
    cpu_user_ns: (cpu.user_usec ?? 0) * 1000,
    cpu_system_ns: (cpu.system_usec ?? 0) * 1000,
    machine_cpu_ns,
    memory_usage_bytes: usage,
    memory_working_set_bytes: Math.max(0, usage - (stat.inactive_file ?? 0)),
    memory_limit_bytes: texts.max === '' ? Number.POSITIVE_INFINITY : parseLimit(texts.max),
    memory_max_usage_bytes: texts.peak === '' ? usage : Number(texts.peak),
    memory_stat: stat,
    oom_kills: parseFlatKeyed(texts.events).oom_kill ?? 0,
    pids: Number(texts.pids),
    ...(Number.isFinite(pidsLimit) ? { pids_limit: pidsLimit } : {}),
    cpu_throttling: { periods: cpu.nr_periods ?? 0, throttled_periods: cpu.nr_throttled ?? 0, throttled_ns: (cpu.throttled_usec ?? 0) * 1000 },
    io: parseIoStat(texts.io),
  };
}
