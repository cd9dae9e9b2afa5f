import { readdir } from 'node:fs/promises';
import type { Clock } from '#kit';
import { head } from './families.ts';

/** What every program says of its process (Prometheus' client libraries). */
export async function processLines(clock: Clock): Promise<string[]> {
  const { user, system } = process.cpuUsage();
  // Where there is no /proc, the descriptors are not told.
  const open = await readdir('/proc/self/fd').then(
    ({ length }) => length,
    () => undefined,
  );
  const one = (name: string, type: string, help: string, value: number) => [...head(name, type, help), `${name} ${value}`];
  return [
    ...one('process_cpu_seconds_total', 'counter', 'Time that the process had of a processor.', (user + system) / 1e6),
    ...one('process_resident_memory_bytes', 'gauge', 'Memory that the process holds.', process.memoryUsage.rss()),
    ...one('process_start_time_seconds', 'gauge', 'When the process began, since the Unix epoch.', (clock.now() - process.uptime() * 1000) / 1000),
    ...(open === undefined ? [] : one('process_open_fds', 'gauge', 'Files and sockets that are open.', open)),
  ];
}
