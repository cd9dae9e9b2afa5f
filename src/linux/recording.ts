import { PassThrough } from 'node:stream';
import type { CgroupUsage, Linux, MountEntry } from './types.ts';

/** One call that the recording fake saw: `mounts.mount`, and what it was given. */
export interface RecordedCall {
  readonly call: string;
  readonly args: readonly unknown[];
}

/**
 * A kernel that only records: nothing happens, every answer is empty, every wish succeeds. `run` runs its task, and
 * file descriptors are made-up numbers: don't adopt them.
 */
export function recordingLinux(): Linux & { readonly calls: readonly RecordedCall[] } {
  const calls: RecordedCall[] = [];
  const seen = (call: string, ...args: unknown[]) => void calls.push({ call, args });
  const later = async (call: string, ...args: unknown[]) => seen(call, ...args);
  const none = { cpu_total_ns: 0, machine_cpu_ns: 0, cpu_user_ns: 0, cpu_system_ns: 0, memory_working_set_bytes: 0, memory_usage_bytes: 0 };
  const usage: CgroupUsage = {
    ...none,
    memory_limit_bytes: Number.POSITIVE_INFINITY,
    memory_max_usage_bytes: 0,
    memory_stat: {},
    oom_kills: 0,
    pids: 0,
    cpu_throttling: { periods: 0, throttled_periods: 0, throttled_ns: 0 },
    io: [],
  };
  let descriptor = 1_000_000;
  const nextDescriptor = (call: string, ...args: unknown[]) => {
    seen(call, ...args);
    descriptor += 1;
    return descriptor;
  };
  const answering = async <T>(answer: T, call: string, ...args: unknown[]) => {
    seen(call, ...args);
    return answer;
  };
  return {
    calls,
    mounts: {
      mount: (request) => seen('mounts.mount', request),
      mountInBackground: (request) => later('mounts.mountInBackground', request),
      unmount: (target) => seen('mounts.unmount', target),
      turn: () => Promise.resolve(),
      list: () => answering<MountEntry[]>([], 'mounts.list'),
    },
    namespaces: {
      create: (path) => later('namespaces.create', path),
      remove: (path) => later('namespaces.remove', path),
      run: (path, task) => {
        seen('namespaces.run', path);
        return task();
      },
      identity: (path) => answering(path, 'namespaces.identity', path),
      listenTcp: (...args) => nextDescriptor('namespaces.listenTcp', ...args),
      bindUdp: (...args) => nextDescriptor('namespaces.bindUdp', ...args),
      boundPort: (fd) => fd % 65_536,
      connectTcp: (...args) => answering(new PassThrough(), 'namespaces.connectTcp', ...args),
      setSysctl: (...args) => seen('namespaces.setSysctl', ...args),
    },
    links: {
      attachVeth: (request) => later('links.attachVeth', request),
      addBridge: (request) => answering(true, 'links.addBridge', request),
      remove: (name) => later('links.remove', name),
      batch: (...args) => later('links.batch', ...args),
      show: (...args) => answering([], 'links.show', ...args),
    },
    nftables: {
      apply: (...args) => later('nftables.apply', ...args),
      list: (...args) => answering(undefined, 'nftables.list', ...args),
      deleteTable: (...args) => later('nftables.deleteTable', ...args),
    },
    connections: { forget: (flows) => later('connections.forget', flows) },
    cgroups: {
      version: 2,
      hybridWithControllers: false,
      create: (...args) => later('cgroups.create', ...args),
      update: (...args) => later('cgroups.update', ...args),
      usage: (path) => answering(usage, 'cgroups.usage', path),
      oomKills: (path) => answering(0, 'cgroups.oomKills', path),
      freeze: (...args) => later('cgroups.freeze', ...args),
      processes: (path) => answering([], 'cgroups.processes', path),
      remove: (path) => later('cgroups.remove', path),
      children: (path) => answering([], 'cgroups.children', path),
      warmUp: () => later('cgroups.warmUp'),
    },
    capabilities: {
      bounding: () => answering(new Set<string>(), 'capabilities.bounding'),
      noFileLimit: () => answering(1024, 'capabilities.noFileLimit'),
    },
    sockets: {
      connect: (path) => answering(new PassThrough(), 'sockets.connect', path),
      send: (...args) => seen('sockets.send', ...args),
    },
    processes: {
      signal: (...args) => {
        seen('processes.signal', ...args);
        return true;
      },
      startTime: (pid) => answering(undefined, 'processes.startTime', pid),
      waitGone: (pid) => later('processes.waitGone', pid),
    },
    xattrs: {
      set: (...args) => seen('xattrs.set', ...args),
      get: (...args) => {
        seen('xattrs.get', ...args);
        return undefined;
      },
      list: (path) => {
        seen('xattrs.list', path);
        return [];
      },
    },
    nodes: { make: (...args) => seen('nodes.make', ...args), sync: (fd) => seen('nodes.sync', fd) },
  };
}
