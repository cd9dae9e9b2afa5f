import { renameSync, writeFileSync } from 'node:fs';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Loaded into a daemon under measurement (`node --import`): at SIGUSR2 it writes what only the process itself knows, and begins anew.

const RESOLUTION_MS = 5;
const path = process.env['GANTRY_BENCH_PROBE'];
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void; // what the flag makes
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
/** Processor time of this thread from one tick to the next: a delay less what others on the machine are to blame for. */
const busy = createHistogram();
let last = process.threadCpuUsage();
setInterval(() => {
  const { user, system } = process.threadCpuUsage(last);
  last = process.threadCpuUsage();
  if (user + system > 0) busy.record(user + system);
}, RESOLUTION_MS).unref();

process.on('SIGUSR2', () => {
  if (path === undefined) return;
  const [p99, max] = [delay.percentile(99), delay.max].map((nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS));
  collect();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(
    `${path}.new`,
    JSON.stringify({
      delay_p99_ms: p99,
      delay_max_ms: max,
      busy_p99_ms: busy.percentile(99) / 1e3,
      busy_max_ms: busy.max / 1e3,
      heap_MB: heapUsed / 1e6,
      external_MB: external / 1e6,
    }),
  );
  renameSync(`${path}.new`, path);
  delay.reset();
  busy.reset();
});
