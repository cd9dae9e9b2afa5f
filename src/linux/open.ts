import { readFileSync } from 'node:fs';
import { type Clock, systemClock } from '#kit';
import { createCapabilities } from './capabilities.ts';
import { createConnections } from './connections.ts';
import { openCgroups } from './cgroups/cgroups.ts';
import { openLibc } from './libc.ts';
import { createLinks } from './links.ts';
import { createMounts, parseMountInfo } from './mounts.ts';
import { createNamespaces } from './namespaces.ts';
import { createNftables } from './nftables.ts';
import { createPacketSockets } from './packet-sockets.ts';
import { PipeHandles } from './pipe-handle.ts';
import { createProcesses } from './processes.ts';
import type { Linux } from './types.ts';
import { openNodes, openXattrs } from './xattrs.ts';

/** The kernel of this machine, as seen from the namespaces of this process. It holds nothing open. Errors: `CGROUPS_MISSING`. */
export function openLinux(options: { readonly clock?: Clock } = {}): Linux {
  const clock = options.clock ?? systemClock;
  const libc = openLibc();
  const handles = new PipeHandles(libc);
  const mounts = createMounts(libc);
  const namespaces = createNamespaces(libc, mounts);
  const processes = createProcesses(libc, handles, clock);
  return {
    mounts,
    namespaces,
    links: createLinks(libc, namespaces),
    nftables: createNftables(namespaces, clock),
    connections: createConnections(libc),
    cgroups: openCgroups({ mounts: parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')), processes, clock }),
    capabilities: createCapabilities(),
    sockets: createPacketSockets(libc, handles),
    processes,
    xattrs: openXattrs(),
    nodes: openNodes(),
  };
}
