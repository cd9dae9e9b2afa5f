import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { isSystemError } from '#kit';
import { isLive } from './container.ts';
import { invalid, notRunning } from './errors.ts';
import { pathsOf, type Rooms } from './rooms.ts';
import { runProgram } from './command.ts';
import type { Entry } from './table.ts';
import type { ContainerStats, LinkCounters } from './types.ts';

/** One reading of a running container's use. Errors: `CONTAINER_NOT_RUNNING`. */
export async function containerStats(rooms: Rooms, entry: Entry): Promise<ContainerStats> {
  const { record } = entry;
  if (!isLive(record.state)) throw notRunning(record.id);
  const [usage, links] = await Promise.all([rooms.linux.cgroups.usage(pathsOf(rooms, record).cgroup), linksOf(record.state.pid)]);
  return {
    read_ms: rooms.clock.now(),
    cpu_total_ns: usage.cpu_total_ns,
    cpu_user_ns: usage.cpu_user_ns,
    cpu_system_ns: usage.cpu_system_ns,
    system_cpu_ns: usage.machine_cpu_ns,
    online_cpus: availableParallelism(),
    memory_working_set_bytes: usage.memory_working_set_bytes,
    memory_usage_bytes: usage.memory_usage_bytes,
    memory_limit_bytes: Math.min(usage.memory_limit_bytes, totalmem()),
    memory_stat: usage.memory_stat,
    pids: usage.pids,
    ...(usage.pids_limit === undefined ? {} : { pids_limit: usage.pids_limit }),
    memory_max_usage_bytes: usage.memory_max_usage_bytes,
    cpu_throttling: usage.cpu_throttling,
    io: usage.io,
    ...(usage.cpu_by_processor_ns === undefined ? {} : { cpu_by_processor_ns: usage.cpu_by_processor_ns }),
    ...(usage.memory_fails === undefined ? {} : { memory_fails: usage.memory_fails }),
    networks: record.spec.network.kind === 'networks' ? parseNetDev(links) : {},
  };
}

/** Counters by link, without the loopback. */
export function parseNetDev(text: string): ContainerStats['networks'] {
  const links: Record<string, LinkCounters> = {};
  for (const line of text.split('\n').slice(2)) {
    const [name = '', counters = ''] = line.split(':');
    const values = counters.trim().split(/\s+/).map(Number);
    if (name.trim() === '' || name.trim() === 'lo') continue;
    const [rx_bytes = 0, rx_packets = 0, rx_errors = 0, rx_dropped = 0] = values;
    const [tx_bytes = 0, tx_packets = 0, tx_errors = 0, tx_dropped = 0] = values.slice(8);
    links[name.trim()] = { rx_bytes, rx_packets, rx_errors, rx_dropped, tx_bytes, tx_packets, tx_errors, tx_dropped };
  }
  return links;
}

async function linksOf(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/net/dev`, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EINVAL')) return '';
    throw error;
  }
}

/** The machine's `ps`, less what is not in the container. Errors: `CONTAINER_NOT_RUNNING`. */
export async function containerTop(rooms: Rooms, entry: Entry, psArguments: string) {
  if (!isLive(entry.record.state)) throw notRunning(entry.record.id);
  const words = (psArguments.trim() || '-ef').split(/\s+/);
  const pids = await rooms.linux.cgroups.processes(pathsOf(rooms, entry.record).cgroup);
  // Without `-e`, ps shows what is asked for by number; some of its options go with no numbers.
  const text = await runProgram('ps', [...words, `-q${pids.join(',')}`]).catch(() => runProgram('ps', words));
  return parsePs(text, new Set(pids));
}

/** Rows of `ps` whose process is among `pids`; the last column may have blanks. Pure. */
export function parsePs(text: string, pids: ReadonlySet<number>): { readonly titles: readonly string[]; readonly processes: readonly (readonly string[])[] } {
  const [head = '', ...rows] = text.split('\n').filter((line) => line.trim() !== '');
  const titles = head.trim().split(/\s+/);
  const at = titles.indexOf('PID');
  if (at < 0) throw invalid('arguments of ps', "Couldn't find PID field in ps output");
  const processes = rows
    .map((row) => {
      const words = row.trim().split(/\s+/);
      return [...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(' ')];
    })
    .filter((words) => pids.has(Number(words[at])));
  return { titles, processes };
}
