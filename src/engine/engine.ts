import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KeyedMutex } from '#kit';
import { Chores } from './chores.ts';
import { isLive } from './container.ts';
import { ContainerFace } from './containers.ts';
import { containerEnded } from './end-container.ts';
import { ContainerNetworks } from './endpoints.ts';
import { EventHub } from './events.ts';
import { ExecTable } from './exec.ts';
import { Exits } from './exits.ts';
import { watchHealth } from './health.ts';
import { readDevices, readMachine } from './machine.ts';
import { type LogBounds, logBounds } from './logs/log-options.ts';
import { LogRotation } from './logs/rotation.ts';
import { NetworkFace } from './network-face.ts';
import { NetworkStore } from './networks.ts';
import { recover } from './recover.ts';
import { type EngineOptions, logSetOf, pathsOf, type Rooms } from './rooms.ts';
import { Launcher } from './runtime/launcher.ts';
import { OTHERS, Runtime } from './runtime/runtime.ts';
import { Surroundings } from './runtime/surroundings.ts';
import { Warmth } from './runtime/warmth.ts';
import type { Machine } from './spec/machine.ts';
import type { OciDevice } from './spec/devices.ts';
import { endOrderly } from './stop-container.ts';
import { RecordFolders } from './store.ts';
import { ContainerTable, type Entry } from './table.ts';
import type { Containers, Engine, Events, Execs, Networks, Volumes } from './types.ts';
import { VolumeStore } from './volumes.ts';

const DEFAULT_SUBNET = '10.88.0.0/16';

/** The engine of one daemon. Nothing is done before `start`. */
export function createEngine(options: EngineOptions): Engine {
  return new LocalEngine(options);
}

class LocalEngine implements Engine {
  readonly containers: Containers;
  readonly execs: Execs;
  readonly networks: Networks;
  readonly volumes: Volumes;
  readonly events: Events;
  readonly #rooms: Rooms;
  readonly #execs: ExecTable;
  readonly #exits: Exits;
  readonly #volumes: VolumeStore;
  #machine: Machine | undefined;
  #devices: readonly OciDevice[] = [];
  #isStopping = false;

  constructor(options: EngineOptions) {
    const { clock, random, logger, dataDir, runDir, linux, network } = options;
    const [events, table] = [new EventHub(clock), new ContainerTable()];
    const bridge = { name: `gtr${options.id}`, subnet: DEFAULT_SUBNET, ...options.bridge };
    const exitDir = join(dataDir, 'exits');
    const helpers = { launcher: new Launcher({ folder: join(runDir, 'commands'), logger }), surroundings: new Surroundings({ logger }) };
    const usersOf = (name: string) => table.all().flatMap(({ record }) => (record.mounts.some((mount) => mount.name === name) ? [record.id] : []));
    this.#volumes = new VolumeStore(join(dataDir, 'volumes'), { clock, random, events, linux, usersOf });
    const networks = new NetworkStore({
      id: options.id,
      folder: join(dataDir, 'networks'),
      network,
      linux,
      clock,
      random,
      events,
      table,
      bridge,
      ...poolsOf(options),
    });
    this.#rooms = {
      ...options,
      table,
      records: new RecordFolders(join(dataDir, 'containers'), 'container.json'),
      locks: new KeyedMutex(),
      events,
      volumes: this.#volumes,
      networks,
      wires: new ContainerNetworks({ ...options, networks, table }),
      crun: new Runtime({ programs: options.runtime, ...helpers, linux, runDir, exitDir }),
      warmth: new Warmth(options),
      chores: new Chores(options),
      machine: () => this.#machineNow(),
      hostDevices: () => this.#devices,
      isStopping: () => this.#isStopping,
      accompany: (entry) => this.#accompany(entry),
    };
    this.#exits = new Exits({ folder: exitDir, logger, onExit: (id) => this.#ended(id) });
    this.#execs = new ExecTable(this.#rooms);
    this.containers = new ContainerFace(this.#rooms, this.#execs);
    this.execs = this.#execs;
    this.networks = new NetworkFace(this.#rooms);
    this.volumes = this.#volumes;
    this.events = events;
  }

  #machineNow(): Machine {
    if (this.#machine === undefined) throw new TypeError('the engine was not started');
    return this.#machine;
  }

  async start(): Promise<void> {
    this.#isStopping = false;
    await this.#open();
    this.#rooms.networks.checkMove();
    await Promise.all([this.#rooms.crun.warm(), recover(this.#rooms)]);
  }

  /** Reads what there is and begins to hear of ends. */
  async #open(): Promise<void> {
    const { runDir, linux, records, networks, table, crun } = this.#rooms;
    // Nobody holds the streams of an earlier daemon's execs any more.
    await Promise.all([crun.takeOver(), rm(join(runDir, 'execs'), { recursive: true, force: true })]);
    await Promise.all(['containers', 'execs', 'crun'].map((name) => mkdir(join(runDir, name), { recursive: true, mode: 0o700 })));
    const [machine, devices, known] = await Promise.all([readMachine(linux), readDevices(), records.load(), networks.start(), this.#volumes.start()]);
    [this.#machine, this.#devices] = [machine, devices];
    for (const record of known.values()) table.add(record);
    await this.#exits.start();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#exits.stop();
    for (const entry of this.#rooms.table.all()) {
      entry.beside?.[Symbol.dispose]();
      entry.beside = undefined;
    }
    await Promise.all(this.#rooms.table.all().map((entry) => this.#rooms.locks.run(entry.record.id, async () => undefined)));
    await this.#rooms.chores.done();
    await this.#rooms.wires.stop();
    this.#rooms.crun.close();
  }

  async tearDown(): Promise<void> {
    this.#isStopping = true;
    if (this.#machine === undefined) {
      // Another process' containers: those that ended unseen are known before the rest is told to.
      await this.#open();
      await recover(this.#rooms);
    }
    const { table, snapshots, linux, network, networks, runDir, id, logger } = this.#rooms;
    const results = await Promise.allSettled(table.all().map((entry) => endOrderly(this.#rooms, entry)));
    for (const result of results) if (result.status === 'rejected') logger.warn('a container did not end', { error: result.reason });
    await this.#rooms.chores.done();
    await Promise.all(table.all().map(({ record }) => snapshots.unmount(pathsOf(this.#rooms, record).snapshot)));
    await this.#volumes.unmountAll();
    for (const { bridge, parent } of networks.list()) {
      if (bridge !== undefined) await network.removeBridge(bridge);
      if (parent !== undefined) await network.removeParent(parent.name);
    }
    await this.stop();
    await linux.cgroups.remove(`gantry-${id}`);
    await Promise.all(['containers', 'execs', 'crun', 'commands', OTHERS].map((name) => rm(join(runDir, name), { recursive: true, force: true })));
  }

  #ended(id: string, unseen?: { readonly finishedAt_ms: number }): void {
    if (this.#isStopping && !this.#rooms.table.byId(id)) return;
    containerEnded(this.#rooms, id, unseen).catch((error: unknown) => this.#rooms.logger.error('cannot take in the end of a container', { id, error }));
  }

  /** Health checks, and an eye on the monitor: when it dies without a word the container is over for us. */
  #accompany(entry: Entry): void {
    entry.beside?.[Symbol.dispose]();
    const beside = new DisposableStack();
    entry.beside = beside;
    const { healthcheck } = entry.record;
    if (healthcheck) beside.use(watchHealth(this.#rooms, this.#execs, entry, healthcheck));
    const bounds = logBounds(entry.record.spec.log);
    if (bounds) beside.use(this.#rotation(entry, bounds));
    const abort = new AbortController();
    beside.defer(() => abort.abort());
    this.#watchMonitor(entry, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) this.#rooms.logger.error('cannot watch a monitor', { id: entry.record.id, error });
    });
  }

  #rotation({ record }: Entry, bounds: LogBounds): LogRotation {
    const { crun, logger } = this.#rooms;
    const { bundle } = pathsOf(this.#rooms, record);
    return new LogRotation({ set: logSetOf(this.#rooms, record), bounds, reopen: () => crun.reopenLog(bundle), logger });
  }

  async #watchMonitor(entry: Entry, signal: AbortSignal): Promise<void> {
    const { record } = entry;
    const paths = pathsOf(this.#rooms, record);
    const monitor = await this.#rooms.crun.monitorPid(paths);
    if (!isLive(record.state)) return;
    await this.#rooms.linux.processes.waitGone(monitor ?? record.state.pid, signal);
    if (signal.aborted) return;
    const { processes } = this.#rooms.linux;
    if (!(await this.#rooms.crun.exit(paths)) && (await processes.startTime(record.state.pid)) === record.state.startTime) {
      this.#rooms.logger.error('the monitor of a container is gone: the container is ended', { id: record.id });
      processes.signal(record.state.pid, 'SIGKILL');
      await processes.waitGone(record.state.pid, signal);
    }
    this.#ended(record.id, { finishedAt_ms: this.#rooms.clock.now() });
  }
}

function poolsOf({ addressPools }: EngineOptions): Pick<EngineOptions, 'addressPools'> {
  return addressPools === undefined ? {} : { addressPools };
}
