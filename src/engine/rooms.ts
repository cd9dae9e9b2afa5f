import { join } from 'node:path';
import type { Clock, KeyedMutex, Logger, Random } from '#kit';
import type { ImageStore, Snapshots } from '#image';
import type { Linux } from '#linux';
import type { Network } from '#network';
import type { Chores } from './chores.ts';
import type { ContainerPaths, ContainerRecord } from './container.ts';
import { viewOf } from './container.ts';
import type { ContainerNetworks } from './endpoints.ts';
import type { EventHub } from './events.ts';
import { LogSet } from './logs/log-set.ts';
import type { AddressPools } from './network-addresses.ts';
import type { DefaultBridge, NetworkStore } from './networks.ts';
import type { RuntimePrograms, Runtime } from './runtime/runtime.ts';
import type { Warmth } from './runtime/warmth.ts';
import type { Machine } from './spec/machine.ts';
import type { OciDevice } from './spec/devices.ts';
import type { RecordFolders } from './store.ts';
import type { ContainerTable, Entry, WaitResult } from './table.ts';
import type { Container } from './types.ts';
import type { VolumeStore } from './volumes.ts';

export interface EngineOptions {
  /** The daemon's id: 8 hexadecimal characters, the same after every start. */
  readonly id: string;
  /** Records, logs, volumes and exit codes: what must outlive the machine's restart. */
  readonly dataDir: string;
  /** Bundles, control files and crun's state; gone after the machine's restart is fine. */
  readonly runDir: string;
  readonly linux: Linux;
  readonly network: Network;
  readonly images: ImageStore;
  readonly snapshots: Snapshots;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly runtime: RuntimePrograms;
  /** The default network's bridge: `gtr` and the id, 10.88.0.0/16 when left out. */
  readonly bridge?: Partial<DefaultBridge>;
  /** Where subnets are chosen from: `ADDRESS_POOLS` when left out. */
  readonly addressPools?: readonly AddressPools[];
  /** How long containers have to end when all are ended: their own time when left out. */
  readonly shutdownTimeout_seconds?: number;
  /** The machine's resolv.conf(5): /etc/resolv.conf when left out. */
  readonly resolvConf?: string;
}

/** What the operations of the engine share. */
export interface Rooms extends EngineOptions {
  readonly table: ContainerTable;
  readonly records: RecordFolders<ContainerRecord>;
  readonly locks: KeyedMutex;
  readonly events: EventHub;
  readonly volumes: VolumeStore;
  readonly networks: NetworkStore;
  readonly wires: ContainerNetworks;
  readonly crun: Runtime;
  readonly warmth: Warmth;
  readonly chores: Chores;
  readonly machine: () => Machine;
  readonly hostDevices: () => readonly OciDevice[];
  /** Set while the engine stands: nothing is started again after it let go. */
  readonly isStopping: () => boolean;
  /** Begins what runs beside a running container. */
  readonly accompany: (entry: Entry) => void;
}

export const SNAPSHOT_PREFIX = 'container-';
export const leaseOwner = (id: string) => `container/${id}`;

export function pathsOf(options: Pick<EngineOptions, 'id' | 'dataDir' | 'runDir'>, record: Pick<ContainerRecord, 'id' | 'spec'>): ContainerPaths {
  const folder = join(options.dataDir, 'containers', record.id);
  return {
    folder,
    record: join(folder, 'container.json'),
    log: record.spec.logPath ?? join(folder, 'container.log'),
    hostname: join(folder, 'hostname'),
    hosts: join(folder, 'hosts'),
    resolvConf: join(folder, 'resolv.conf'),
    bundle: join(options.runDir, 'containers', record.id),
    exitFile: join(options.dataDir, 'exits', record.id),
    held: join(options.runDir, 'held', record.id),
    snapshot: `${SNAPSHOT_PREFIX}${record.id}`,
    cgroup: `gantry-${options.id}/${record.id}`,
  };
}

/** The files of a container's log; nobody reads them while they are renamed. */
export function logSetOf(rooms: Rooms, record: ContainerRecord): LogSet {
  return new LogSet(pathsOf(rooms, record).log, (task) => rooms.locks.run(`${record.id}/log`, task));
}

export function view(rooms: Rooms, entry: Entry): Container {
  const { record } = entry;
  const { kind } = record.spec.network;
  const namespace =
    kind === 'networks' || kind === 'none' ? rooms.network.namespacePath(record.id) : kind === 'namespace' ? record.spec.network.path : undefined;
  return viewOf(record, pathsOf(rooms, record), entry.health, namespace);
}

/** Makes the new record durable, then the truth. */
export async function save(rooms: Rooms, entry: Entry, record: ContainerRecord): Promise<void> {
  await rooms.records.put(record.id, record);
  entry.isUnsaved = false;
  entry.record = record;
}

/** Emits an event of the container, in Docker's words. */
export function tell(rooms: Rooms, { record }: Entry, action: string, attributes: Readonly<Record<string, string>> = {}): void {
  rooms.events.emit({
    type: 'container',
    action,
    id: record.id,
    owner: record.spec.owner,
    attributes: { image: record.spec.image, name: record.name, ...record.spec.labels, ...attributes },
  });
}

export function settle(entry: Entry, condition: 'exit' | 'removed', result: WaitResult): void {
  for (const waiter of [...entry.waiters]) {
    if (waiter.condition !== condition) continue;
    entry.waiters.delete(waiter);
    waiter.settle(result);
  }
}
