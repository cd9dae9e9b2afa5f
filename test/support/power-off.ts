import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import { openLinux } from '#linux';
import { eventually } from './eventually.ts';

/**
 * Ends every process that a daemon in this folder left, its monitors first: whoever loses the power writes nothing down. Then takes its
 * control groups away. The daemon itself must be gone.
 */
export async function powerOff(folder: string): Promise<void> {
  // Written by the daemon.
  const { id } = JSON.parse(await readFile(join(folder, 'data/daemon.json'), 'utf8')) as { readonly id: string };
  const { cgroups, processes } = openLinux();
  const monitors = await monitorsOf(folder);
  for (const pid of monitors) processes.signal(pid, 'SIGKILL');
  await Promise.all(monitors.map((pid) => processes.waitGone(pid)));
  await cgroups.remove(`gantry-${id}`);
  await eventually('the groups to be gone', async () => (await groupsOf(id)).length === 0);
}

async function monitorsOf(folder: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const words = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''); // it may have ended
    if (words.includes('conmon') && words.includes(folder)) found.push(Number(name));
  }
  return found;
}

async function groupsOf(id: string): Promise<readonly string[]> {
  const left: string[] = [];
  for (const hierarchy of await readdir('/sys/fs/cgroup')) {
    const path = `/sys/fs/cgroup/${hierarchy}/gantry-${id}`;
    try {
      await rmdir(path);
    } catch (error) {
      if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ENOTDIR')) left.push(path);
    }
  }
  return left;
}
