import { readdir, readFile } from 'node:fs/promises';
import { output } from '../../test/support/run.ts';
import type { GantryPeer } from './peers.ts';
import { pss_bytes } from './processes.ts';

/** What an engine holds of the machine, as numbers. */
export interface Footprint {
  readonly openFiles: number;
  readonly threads: number;
  readonly rss_MB: number;
  readonly pss_MB: number;
  /** What the program itself holds, garbage left out. */
  readonly heap_MB: number;
  readonly mounts: number;
  readonly interfaces: number;
  readonly cgroups: number;
  readonly namespaces: number;
  readonly processes: number;
}

export async function footprintOf(peer: GantryPeer): Promise<Footprint> {
  const { pid, folder } = peer;
  const lines = async (script: string) => (await output(peer.inside(['sh', '-c', script]))).split('\n').filter(Boolean);
  const [files, tasks, status, mounts, links, groups, namespaces, pss, probed, processes] = await Promise.all([
    readdir(`/proc/${pid}/fd`),
    readdir(`/proc/${pid}/task`),
    readFile(`/proc/${pid}/status`, 'utf8'),
    lines(`grep -F ${folder} /proc/self/mountinfo || true`),
    lines('ip -o link'),
    lines(
      `find /sys/fs/cgroup -maxdepth 3 -type d -path '*/gantry-*' | grep -F "/gantry-$(sed 's/.*"id":"\\([^"]*\\)".*/\\1/' ${folder}/data/daemon.json)" || true`,
    ),
    lines(`ls ${folder}/run/netns 2>/dev/null || true`),
    pss_bytes(pid),
    peer.probe(),
    lines(`grep -lE '^[^ ]*conmon.*${folder}' /proc/[0-9]*/cmdline 2>/dev/null || true`),
  ]);
  const megabytes = (bytes: number) => Math.round(bytes / 1e5) / 10;
  return {
    openFiles: files.length,
    threads: tasks.length,
    rss_MB: megabytes(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024),
    pss_MB: megabytes(pss),
    heap_MB: megabytes((probed.heap_MB + probed.external_MB) * 1e6),
    mounts: mounts.length,
    interfaces: links.length,
    cgroups: groups.length,
    namespaces: namespaces.length,
    processes: processes.length,
  };
}
