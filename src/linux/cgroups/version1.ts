import { join } from 'node:path';
import type { Clock } from '#kit';
import { cgroupControllerMissing, freezeTimedOut } from '../errors.ts';
import type { CgroupLimits, Cgroups, CgroupUsage, Processes } from '../types.ts';
import { makeFolder, processesBelow, readIfThere, readWithMachine, tree, writeValue } from './files.ts';
import type { Hierarchies } from './hierarchies.ts';
import { childrenIn, endAndRemove, removeEmpty } from './remove.ts';
import { parseFlatKeyed, parseLimit, writesV1, parseBlkio } from './values.ts';

const [FREEZE_RETRY_MS, FREEZE_MAX_MS] = [5, 5000];

/** Version 1: one folder in every controller's hierarchy. */
export function openVersion1(
  hierarchies: Hierarchies,
  parts: { readonly processes: Processes; readonly clock: Clock },
): Omit<Cgroups, 'hybridWithControllers' | 'warmUp'> {
  const { roots } = hierarchies;
  const controllerRoots = [...new Set([...roots].filter(([name]) => name !== 'systemd').map(([, root]) => root))];
  const primary = roots.get('freezer') ?? roots.get('pids') ?? controllerRoots[0] ?? '';
  const update = async (path: string, limits: CgroupLimits) => {
    for (const { controller, file, value } of writesV1(limits)) {
      const root = roots.get(controller);
      if (root === undefined) throw cgroupControllerMissing(controller, path);
      await writeValue(join(root, path, file), value);
    }
  };
  return {
    version: 1,
    async create(path, limits = {}) {
      await Promise.all(controllerRoots.map((root) => makeGroup(root, path, root === roots.get('cpuset'))));
      await update(path, limits);
    },
    update,
    usage: (path) => readUsage(roots, path),
    oomKills: async (path) => parseFlatKeyed((await readIfThere(join(roots.get('memory') ?? '/nowhere', path, 'memory.oom_control'))) ?? '').oom_kill ?? 0,
    freeze: (path, frozen) => freeze(join(roots.get('freezer') ?? primary, path), frozen, parts.clock),
    processes: (path) => processesBelow(join(primary, path)),
    async remove(path) {
      const left = await removeEmpty(hierarchies.all.map((root) => join(root, path)));
      if (left.length === 0) return;
      const freezer = roots.get('freezer');
      if (freezer !== undefined) await thawAll(join(freezer, path));
      await endAndRemove(left, parts);
    },
    children: (path) => childrenIn(hierarchies.all, path),
  };
}

/** A new cpuset group takes no process until it has processors and memory nodes: they are taken from its parent. */
async function makeGroup(root: string, path: string, isCpuset: boolean): Promise<void> {
  let folder = root;
  for (const name of path.split('/').filter(Boolean)) {
    const parent = folder;
    folder = join(folder, name);
    await makeFolder(folder);
    if (!isCpuset) continue;
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if (((await readIfThere(join(folder, file))) ?? '').trim() === '') await writeValue(join(folder, file), (await readIfThere(join(parent, file))) ?? '');
    }
  }
}

/** SIGKILL reaches no frozen process. */
async function thawAll(group: string): Promise<void> {
  for (const folder of await tree(group)) {
    const state = await readIfThere(join(folder, 'freezer.state'));
    if (state !== undefined && state.trim() !== 'THAWED') await writeValue(join(folder, 'freezer.state'), 'THAWED');
  }
}

/** Version 1 reports FREEZING until the last task stands still, and wants to be asked again (freezer-subsystem.rst). */
async function freeze(group: string, frozen: boolean, clock: Clock): Promise<void> {
  const file = join(group, 'freezer.state');
  const wanted = frozen ? 'FROZEN' : 'THAWED';
  for (const start = clock.monotonic(); ; ) {
    await writeValue(file, wanted);
    const state = (await readIfThere(file))?.trim() ?? 'gone';
    if (state === wanted) return;
    if (clock.monotonic() - start > FREEZE_MAX_MS) throw freezeTimedOut(group, state);
    await clock.sleep(FREEZE_RETRY_MS);
  }
}

async function readUsage(roots: ReadonlyMap<string, string>, path: string): Promise<CgroupUsage> {
  const read = async (controller: string, file: string) => (await readIfThere(join(roots.get(controller) ?? '/nowhere', path, file))) ?? '';
  const cpu = readWithMachine(join(roots.get('cpuacct') ?? '/nowhere', path, 'cpuacct.usage'));
  const [user, system, usage, limit, peak, stat, oom, pids, pidsMax, fails, throttling, processors, ioBytes, ioCounts] = await Promise.all([
    read('cpuacct', 'cpuacct.usage_user'),
    read('cpuacct', 'cpuacct.usage_sys'),
    read('memory', 'memory.usage_in_bytes'),
    read('memory', 'memory.limit_in_bytes'),
    read('memory', 'memory.max_usage_in_bytes'),
    read('memory', 'memory.stat'),
    read('memory', 'memory.oom_control'),
    read('pids', 'pids.current'),
    read('pids', 'pids.max'),
    read('memory', 'memory.failcnt'),
    read('cpu', 'cpu.stat'),
    read('cpuacct', 'cpuacct.usage_percpu'),
    read('blkio', 'blkio.throttle.io_service_bytes_recursive'),
    read('blkio', 'blkio.throttle.io_serviced_recursive'),
  ]);
  const memoryStat = parseFlatKeyed(stat);
  const throttled = parseFlatKeyed(throttling);
  const pidsLimit = pidsMax === '' ? Number.POSITIVE_INFINITY : parseLimit(pidsMax);
  return {
    cpu_total_ns: Number(cpu.text),
    machine_cpu_ns: cpu.machine_cpu_ns,
    cpu_user_ns: Number(user),
    cpu_system_ns: Number(system),
    memory_usage_bytes: Number(usage),
    memory_working_set_bytes: Math.max(0, Number(usage) - (memoryStat.total_inactive_file ?? 0)),
    memory_limit_bytes: parseLimit(limit),
    memory_max_usage_bytes: Number(peak),
    memory_stat: memoryStat,
    oom_kills: parseFlatKeyed(oom).oom_kill ?? 0,
    pids: Number(pids),
    ...(Number.isFinite(pidsLimit) ? { pids_limit: pidsLimit } : {}),
    cpu_throttling: { periods: throttled.nr_periods ?? 0, throttled_periods: throttled.nr_throttled ?? 0, throttled_ns: throttled.throttled_time ?? 0 },
    io: parseBlkio(ioBytes, ioCounts),
    cpu_by_processor_ns: processors.trim() === '' ? [] : processors.trim().split(' ').map(Number),
    memory_fails: Number(fails),
  };
}
