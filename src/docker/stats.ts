import type { Container, ContainerStats } from '#engine';
import { findContainer } from './find.ts';
import type { Call } from './http.ts';
import type { Rooms } from './options.ts';
import { shaped } from './shapes.ts';
import { goTime } from './times.ts';

const INTERVAL_MS = 1000;

/** `GET /containers/{id}/stats`: every second; once, after two samples, with `stream=0`; once at once with `one-shot` too. */
export async function containerStats(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const stream = call.flag('stream', true);
  const oneShot = call.minor >= 41 && call.flag('one-shot');
  let before = stream || !oneShot ? await sample(rooms, container) : undefined;
  if (stream) call.begin('application/json');
  try {
    for (;;) {
      if (!(oneShot && !stream)) await rooms.clock.sleep(INTERVAL_MS, call.signal);
      const now = await sample(rooms, container);
      const view = shaped('stats', statsView(container, now, before, rooms.clock.now()), call.minor);
      if (!stream) return call.json(200, view);
      if (!(await call.write(`${JSON.stringify(view)}\n`))) return;
      before = now;
    }
  } catch (error) {
    if (!call.signal.aborted) throw error;
  }
}

/** Nothing is measured of a container that does not run. */
async function sample(rooms: Rooms, container: Container): Promise<ContainerStats | undefined> {
  const current = findContainer(rooms, container.id);
  return current.state.status === 'running' || current.state.status === 'paused' ? rooms.engine.containers.stats(container.id) : undefined;
}

/** A stats answer. Pure. */
export function statsView(container: Container, now: ContainerStats | undefined, before: ContainerStats | undefined, now_ms: number): object {
  return {
    os_type: 'linux',
    name: `/${container.name}`,
    id: container.id,
    read: goTime(now?.read_ms ?? (now === undefined ? undefined : now_ms)),
    preread: goTime(before?.read_ms),
    num_procs: 0,
    pids_stats: now === undefined ? {} : { current: now.pids, ...(now.pids_limit === undefined ? {} : { limit: now.pids_limit }) },
    blkio_stats: blockIoView(now),
    storage_stats: {},
    cpu_stats: cpuView(now),
    precpu_stats: cpuView(before),
    memory_stats: now === undefined ? {} : memoryView(now),
    ...(now === undefined ? {} : { networks: now.networks }),
  };
}

/** Peak and failures are of control groups of version 1; clients tell the versions apart by them. */
function memoryView(stats: ContainerStats): object {
  const ofVersion1 = stats.memory_fails === undefined ? {} : { max_usage: stats.memory_max_usage_bytes, failcnt: stats.memory_fails };
  return { usage: stats.memory_usage_bytes, ...ofVersion1, stats: stats.memory_stat, limit: stats.memory_limit_bytes };
}

function blockIoView(stats: ContainerStats | undefined): object {
  const entries = (value: 'bytes' | 'count') => {
    const list = (stats?.io ?? []).map((io) => ({ major: io.major, minor: io.minor, op: io.operation, value: io[value] }));
    return list.length === 0 ? null : list;
  };
  const unknown = { io_queue_recursive: null, io_service_time_recursive: null, io_wait_time_recursive: null, io_merged_recursive: null };
  return {
    io_service_bytes_recursive: entries('bytes'),
    io_serviced_recursive: entries('count'),
    ...unknown,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

function cpuView(stats: ContainerStats | undefined): object {
  const { periods = 0, throttled_periods = 0, throttled_ns = 0 } = stats?.cpu_throttling ?? {};
  const throttling_data = { periods, throttled_periods, throttled_time: throttled_ns };
  if (stats === undefined) return { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 }, throttling_data };
  return {
    cpu_usage: {
      total_usage: stats.cpu_total_ns,
      ...(stats.cpu_by_processor_ns === undefined ? {} : { percpu_usage: stats.cpu_by_processor_ns }),
      usage_in_kernelmode: stats.cpu_system_ns,
      usage_in_usermode: stats.cpu_user_ns,
    },
    system_cpu_usage: stats.system_cpu_ns,
    online_cpus: stats.online_cpus,
    throttling_data,
  };
}
