import type { MountEntry } from '../types.ts';

/** Where the controllers are mounted. */
export interface Hierarchies {
  readonly version: 1 | 2;
  /** By controller; in version 2 all are at one root. `systemd` stands for the named hierarchy of version 1. */
  readonly roots: ReadonlyMap<string, string>;
  /** Every mounted root once, a version 2 part beside version 1 included. */
  readonly all: readonly string[];
  /** The root of version 2, alone or beside version 1. */
  readonly unified: string | undefined;
}

const V1_CONTROLLERS = [
  'cpu',
  'cpuacct',
  'cpuset',
  'memory',
  'devices',
  'freezer',
  'blkio',
  'pids',
  'net_cls',
  'net_prio',
  'perf_event',
  'hugetlb',
  'rdma',
  'misc',
];

/** Finds the hierarchies among the mounts; version 1 wins when any controller is mounted there. */
export function findHierarchies(mounts: readonly MountEntry[]): Hierarchies | undefined {
  const roots = new Map<string, string>();
  for (const { type, target, options } of mounts) {
    if (type !== 'cgroup') continue;
    const words = options.split(',');
    for (const controller of V1_CONTROLLERS) if (words.includes(controller) && !roots.has(controller)) roots.set(controller, target);
    if (words.includes('name=systemd') && !roots.has('systemd')) roots.set('systemd', target);
  }
  const unified = mounts.find(({ type }) => type === 'cgroup2')?.target;
  if (roots.size === 0 && unified === undefined) return undefined;
  const all = [...new Set([...roots.values(), ...(unified === undefined ? [] : [unified])])];
  return { version: [...roots.keys()].some((name) => name !== 'systemd') ? 1 : 2, roots, all, unified };
}
