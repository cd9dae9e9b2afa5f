import { readdir, readFile, readlink } from 'node:fs/promises';
import { run } from './run.ts';

/** What a daemon could leave on a machine: compared before and after. */
export interface Traces {
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly tables: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  /** Processes that stand in the network namespace, or were started by what stands there. */
  readonly processes: readonly string[];
}

const CGROUPS = '/sys/fs/cgroup';

/**
 * What there is now as seen from inside a test's namespaces. Control groups are the whole machine's: only those of the daemons
 * with these ids count, since other tests run beside this one.
 */
export async function tracesOf(enter: (command: readonly string[]) => readonly string[], namespace: string, ids: readonly string[]): Promise<Traces> {
  const lines = async (...command: string[]) => (await run(enter(command))).stdout.split('\n').filter(Boolean).sort();
  return {
    links: (await lines('ip', '-o', 'link')).map((line) => line.split(':')[1]?.trim() ?? ''),
    routes: await lines('ip', 'route'),
    tables: await lines('nft', 'list', 'tables'),
    mounts: (await lines('cat', '/proc/self/mountinfo')).map((line) => line.split(' ')[4] ?? '').sort(),
    cgroups: (await cgroupNames()).filter((name) => ids.some((id) => name.includes(id))),
    processes: await processesIn(namespace),
  };
}

async function cgroupNames(): Promise<string[]> {
  const hierarchies = await readdir(CGROUPS);
  const found = await Promise.all(hierarchies.map(async (name) => (await readdir(`${CGROUPS}/${name}`).catch(() => [])).map((child) => `${name}/${child}`)));
  return found.flat();
}

/** The commands of processes in that network namespace; a container's own are found by its monitor, which stands in it. */
async function processesIn(namespace: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    // A process may end meanwhile: then it is no trace.
    const stands = await readlink(`/proc/${pid}/ns/net`).catch(() => '');
    if (stands === namespace) found.push((await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim());
  }
  return found.sort();
}
