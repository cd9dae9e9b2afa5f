import { join } from 'node:path';
import type { Clock } from '#kit';
import { cgroupBusy } from '../errors.ts';
import type { Processes } from '../types.ts';
import { processesBelow, removeFolder, subgroups, tree } from './files.ts';

const [ROUNDS_MAX, REMOVE_ATTEMPTS_MAX, RETRY_MS, END_MAX_MS] = [20, 100, 10, 10_000];

/** Removes those groups that stand empty, as they mostly do; answers the others. */
export async function removeEmpty(groups: readonly string[]): Promise<readonly string[]> {
  const removed = await Promise.all(groups.map(removeFolder));
  return groups.filter((_, index) => !removed[index]);
}

/** Ends with SIGKILL whatever is in the groups, waits until it is gone, and removes the groups, deepest first. */
export async function endAndRemove(groups: readonly string[], parts: { readonly processes: Processes; readonly clock: Clock }): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const pids = new Set((await Promise.all(groups.map(processesBelow))).flat());
    if (pids.size === 0) break;
    const running = [...pids].filter((pid) => parts.processes.signal(pid, 'SIGKILL'));
    await waitAll(running, parts, groups);
  }
  await Promise.all(groups.map((group) => removeTree(group, parts.clock)));
}

async function waitAll(pids: readonly number[], parts: { readonly processes: Processes; readonly clock: Clock }, groups: readonly string[]): Promise<void> {
  const abort = new AbortController();
  const late = () => abort.abort(cgroupBusy(groups[0] ?? '', new Error(`of the processes ${pids.join(', ')} one did not end within ${END_MAX_MS} ms`)));
  using _timer = parts.clock.setTimer(END_MAX_MS, late);
  await Promise.all(pids.map((pid) => parts.processes.waitGone(pid, abort.signal)));
}

/** A process that has ended holds its group for a moment longer, and the kernel tells nobody when it lets go: hence the attempts. */
async function removeTree(group: string, clock: Clock): Promise<void> {
  for (const folder of await tree(group)) {
    for (let attempt = 1; !(await removeFolder(folder)); attempt += 1) {
      if (attempt === REMOVE_ATTEMPTS_MAX) throw cgroupBusy(folder, new Error(`EBUSY; groups below: ${(await subgroups(folder)).join(', ') || 'none'}`));
      await clock.sleep(RETRY_MS);
    }
  }
}

/** Groups right below `path` in any of the hierarchies. */
export async function childrenIn(roots: readonly string[], path: string): Promise<string[]> {
  return [...new Set((await Promise.all(roots.map((root) => subgroups(join(root, path))))).flat())].toSorted();
}
