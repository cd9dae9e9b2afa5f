import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#kit';
import { cgroupsMissing } from '../errors.ts';
import type { Cgroups, MountEntry, Processes } from '../types.ts';
import { findHierarchies, type Hierarchies } from './hierarchies.ts';
import { createWarmUp } from './warm-up.ts';
import { openVersion1 } from './version1.ts';
import { openVersion2 } from './version2.ts';

/** The control groups of this machine, version 1 or 2 as mounted. Errors: `CGROUPS_MISSING`. */
export function openCgroups(options: { readonly mounts: readonly MountEntry[]; readonly processes: Processes; readonly clock: Clock }): Cgroups {
  const hierarchies = findHierarchies(options.mounts);
  if (hierarchies === undefined) throw cgroupsMissing();
  const { unified } = hierarchies;
  const warmUp = createWarmUp(hierarchies);
  if (hierarchies.version === 2 && unified !== undefined) return { ...openVersion2(unified, options), hybridWithControllers: false, warmUp };
  return { ...openVersion1(hierarchies, options), hybridWithControllers: hasLeftOverControllers(hierarchies), warmUp };
}

function hasLeftOverControllers({ unified }: Hierarchies): boolean {
  return unified !== undefined && readFileSync(join(unified, 'cgroup.controllers'), 'utf8').trim() !== '';
}
