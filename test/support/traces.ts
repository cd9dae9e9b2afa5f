import { readFile, readdir } from 'node:fs/promises';
import { type Outcome, output } from './run.ts';

/** What a daemon could leave in its namespaces and on the machine. */
export interface Traces {
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly tables: readonly string[];
  readonly mounts: readonly string[];
  /** Whose command line names the folder, as far as they run. */
  readonly processes: readonly string[];
  /** Cgroups of that daemon. */
  readonly cgroups: readonly string[];
}

/** Runs a command in the namespaces that are looked at. */
type Inside = (command: readonly string[]) => Promise<Outcome>;

/** All of them now. `folder` is what the daemons' command lines name, `ids` what their cgroups are named after. */
export async function tracesOf(inside: Inside, folder: string, ids: readonly string[]): Promise<Traces> {
  const lines = async (...command: string[]) => (await output(inside(command))).split('\n').filter(Boolean).sort();
  const links = await lines('sh', '-c', "ip -o link | cut -d: -f2 | cut -d@ -f1 | tr -d ' '");
  return {
    links,
    routes: await lines('ip', '-4', 'route', 'show', 'table', 'all'),
    tables: await lines('nft', 'list', 'tables'),
    mounts: await lines('sh', '-c', 'cut -d" " -f5 /proc/self/mountinfo'),
    processes: await processesOf(folder),
    cgroups: (await Promise.all(ids.map(cgroupsOf))).flat(),
  };
}

async function processesOf(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    // A process that has just ended has none.
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words.includes(folder)) found.push(words.replaceAll('\0', ' '));
  }
  return found.sort();
}

async function cgroupsOf(id: string): Promise<readonly string[]> {
  const root = '/sys/fs/cgroup';
  const found: string[] = [];
  for (const hierarchy of ['', ...(await readdir(root))]) {
    const names = await readdir(`${root}/${hierarchy}`).catch(() => []);
    found.push(...names.filter((name) => name === `gantry-${id}`).map((name) => `${hierarchy}/${name}`));
  }
  return found.sort();
}
