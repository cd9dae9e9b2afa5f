import { join } from 'node:path';
import type { Random } from '#kit';
import { DiskFiles } from '../files/disk-files.ts';
import type { NodeMachine } from '../types.ts';
import { machineFacts } from './facts.ts';
import { machineUsage } from './usage.ts';
import { socketWires } from './wires.ts';

export interface MachineOptions {
  /** Pods' volumes and files lie in `pods/` below it. */
  readonly dataDir: string;
  readonly random: Random;
  readonly resolvConf?: string;
  readonly hosts?: string;
  readonly proc?: string;
}

/** The machine that this process runs on. */
export function openMachine({ dataDir, random, hosts = '/etc/hosts', resolvConf = '/etc/resolv.conf', proc = '/proc' }: MachineOptions): NodeMachine {
  return {
    facts: machineFacts,
    usage: () => machineUsage(proc),
    wires: socketWires,
    files: new DiskFiles({ podsDir: join(dataDir, 'pods'), random, hosts, resolvConf }),
  };
}
