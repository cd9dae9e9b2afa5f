import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { LogLine, LogQuery, ProcessStreams, TerminalSize } from '#kit';
import { SystemCallError } from '#linux';
import { exportTar, readArchive, statPath, writeArchive } from './archive/archive.ts';
import { AttachSession } from './attach.ts';
import { isLive, lastExit } from './container.ts';
import { createContainer } from './create-container.ts';
import { editPorts, portsText } from './edit-ports.ts';
import { beingRemoved, invalid, logsUnreadable, nameInUse, nameInvalid, notRunning } from './errors.ts';
import type { ExecTable } from './exec.ts';
import { readLog } from './logs/read-log.ts';
import { removeContainer } from './remove-container.ts';
import { logSetOf, pathsOf, type Rooms, save, tell, view } from './rooms.ts';
import { resourcesOf } from './spec/resources.ts';
import { startContainer } from './start-container.ts';
import { containerStats, containerTop } from './stats.ts';
import { killContainer, setPaused, stopContainer } from './stop-container.ts';
import type { Entry, WaitResult } from './table.ts';
import { STANDS_FOR_MOUNTS, userChanges } from './user-changes.ts';
import type { Container, ContainerChange, Containers, ContainerSpec, ContainerStats, PathStat } from './types.ts';

type Ending = { readonly timeout_seconds?: number; readonly signal?: string };

/** The containers' public face: finds the container, and leaves the work to one file an operation. */
export class ContainerFace implements Containers {
  readonly #rooms: Rooms;
  readonly #execs: ExecTable;
  readonly #reserved = new Set<string>();

  constructor(rooms: Rooms, execs: ExecTable) {
    this.#rooms = rooms;
    this.#execs = execs;
  }

  #find(ref: string): Entry {
    return this.#rooms.table.find(ref);
  }

  create(spec: ContainerSpec): Promise<Container> {
    return createContainer(this.#rooms, this.#reserved, spec);
  }

  async start(ref: string): Promise<void> {
    const entry = this.#find(ref);
    try {
      await this.#rooms.locks.run(entry.record.id, () => startContainer(this.#rooms, entry, { byHand: true }));
    } catch (error) {
      // As Docker does: what removes itself at its end does so too when it could not begin.
      if (entry.record.spec.autoRemove && ['created', 'exited'].includes(entry.record.state.status)) await this.remove(entry.record.id, { volumes: true });
      throw error;
    }
  }

  async stop(ref: string, options: Ending = {}): Promise<void> {
    await stopContainer(this.#rooms, this.#find(ref), options);
  }

  async restart(ref: string, options: Ending = {}): Promise<void> {
    const entry = this.#find(ref);
    if (entry.record.spec.autoRemove) throw invalid('restart', `container ${entry.record.name} removes itself when it stops`);
    await stopContainer(this.#rooms, entry, options);
    await this.start(entry.record.id);
    tell(this.#rooms, entry, 'restart');
  }

  async kill(ref: string, signal = 'SIGKILL'): Promise<void> {
    await killContainer(this.#rooms, this.#find(ref), signal);
  }

  async pause(ref: string): Promise<void> {
    await setPaused(this.#rooms, this.#find(ref), true);
  }

  async unpause(ref: string): Promise<void> {
    await setPaused(this.#rooms, this.#find(ref), false);
  }

  async rename(ref: string, name: string): Promise<void> {
    const entry = this.#find(ref);
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) throw nameInvalid(name);
    await this.#rooms.locks.run(entry.record.id, async () => {
      const taken = this.#rooms.table.idOfName(name);
      if (taken !== undefined || this.#reserved.has(name)) throw nameInUse(name, taken ?? 'being created');
      const oldName = entry.record.name;
      this.#reserved.add(name);
      try {
        await save(this.#rooms, entry, { ...entry.record, name });
        this.#rooms.table.renamed(entry, oldName);
      } finally {
        this.#reserved.delete(name);
      }
      tell(this.#rooms, entry, 'rename', { oldName: `/${oldName}` });
    });
  }

  async update(ref: string, change: ContainerChange): Promise<void> {
    const entry = this.#find(ref);
    await this.#rooms.locks.run(entry.record.id, async () => {
      const { record } = entry;
      const resources = { ...record.spec.resources, ...change.resources };
      const limits = resourcesOf(resources, this.#rooms.machine()).value;
      const restart = change.restart ?? record.spec.restart;
      await using edited = await editPorts(this.#rooms, record, change);
      if (change.resources && isLive(record.state)) await this.#rooms.crun.update(record, limits, pathsOf(this.#rooms, record).bundle);
      const { spec, ports } = edited.record;
      await save(this.#rooms, entry, { ...record, ports, spec: { ...spec, resources, ...(restart === undefined ? {} : { restart }) } });
      edited.keep();
      tell(this.#rooms, entry, 'update', change.publish === undefined ? {} : { ports: portsText(change.publish) });
    });
  }

  async remove(ref: string, options: { readonly force?: boolean; readonly volumes?: boolean } = {}): Promise<void> {
    const entry = this.#find(ref);
    await removeContainer(this.#rooms, entry, { force: options.force ?? false, volumes: options.volumes ?? false });
    this.#execs.forget(entry.record.id);
  }

  wait(ref: string, condition: 'not-running' | 'next-exit' | 'removed', signal?: AbortSignal): Promise<WaitResult> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const entry = this.#find(ref);
      const { record } = entry;
      if (condition === 'not-running' && !isLive(record.state) && record.state.status !== 'restarting') {
        const exit = lastExit(record);
        return resolve({ exitCode: exit?.exitCode ?? 0, ...(exit?.error === undefined ? {} : { error: exit.error }) });
      }
      const onAbort = () => {
        entry.waiters.delete(waiter);
        reject(signal?.reason);
      };
      const settle = (result: WaitResult) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      };
      const waiter = { condition: condition === 'removed' ? ('removed' as const) : ('exit' as const), settle };
      entry.waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  get(ref: string): Container {
    return view(this.#rooms, this.#find(ref));
  }

  list(filter: (container: Container) => boolean = () => true): readonly Container[] {
    return this.#rooms.table
      .all()
      .map((entry) => view(this.#rooms, entry))
      .filter(filter);
  }

  logs(ref: string, query: LogQuery): AsyncIterable<LogLine> {
    const entry = this.#find(ref);
    if (entry.record.spec.log?.driver === 'none') throw logsUnreadable();
    return readLog(logSetOf(this.#rooms, entry.record), query, {
      ended: () => !isLive(entry.record.state),
      onEnd: (listener) => {
        const waiter = { condition: 'exit' as const, settle: listener };
        entry.waiters.add(waiter);
        return { [Symbol.dispose]: () => void entry.waiters.delete(waiter) };
      },
    });
  }

  async attach(ref: string, options: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }): Promise<ProcessStreams> {
    const entry = this.#find(ref);
    const { record } = entry;
    if (record.state.status === 'removing') throw beingRemoved(record.id);
    const { bundle } = pathsOf(this.#rooms, record);
    const exited = this.wait(record.id, 'next-exit').then(({ exitCode }) => exitCode);
    const session = new AttachSession({
      ...options,
      stdin: options.stdin && record.spec.openStdin === true,
      terminal: record.spec.terminal ?? false,
      resize: (size) => this.resize(record.id, size),
      exited,
    });
    if (isLive(record.state)) await this.#connect(session, join(bundle, 'attach'));
    else entry.attaches.push(session);
    tell(this.#rooms, entry, 'attach');
    return session.streams;
  }

  /** A container that ends this moment has nobody left who answers: its streams are over. */
  async #connect(session: AttachSession, path: string): Promise<void> {
    try {
      session.connect(await this.#rooms.linux.sockets.connect(path));
    } catch (error) {
      if (!(error instanceof SystemCallError) || !['ENOENT', 'ECONNREFUSED'].includes(error.errnoName)) throw error;
      session.abandon();
    }
  }

  async resize(ref: string, size: TerminalSize): Promise<void> {
    const { record } = this.#find(ref);
    if (!isLive(record.state)) throw notRunning(record.id);
    if (record.spec.terminal) await this.#rooms.crun.resize(pathsOf(this.#rooms, record).bundle, size);
  }

  async stats(ref: string): Promise<ContainerStats> {
    return await containerStats(this.#rooms, this.#find(ref));
  }

  async top(ref: string, psArguments: string) {
    return await containerTop(this.#rooms, this.#find(ref), psArguments);
  }

  async changes(ref: string) {
    return userChanges(await this.#rooms.snapshots.changes(this.#snapshot(ref)));
  }

  async commitLayer(ref: string, options: { readonly latest_ms?: number } = {}) {
    const { record } = this.#find(ref);
    const standIns = [...STANDS_FOR_MOUNTS, ...record.mounts.map(({ target }) => target)];
    return await this.#rooms.snapshots.commit(this.#snapshot(ref), { ...options, standIns });
  }

  async size(ref: string): Promise<number> {
    return await this.#rooms.snapshots.usage(this.#snapshot(ref));
  }

  #snapshot(ref: string): string {
    return pathsOf(this.#rooms, this.#find(ref).record).snapshot;
  }

  async exportTar(ref: string): Promise<Readable> {
    return await exportTar(this.#rooms, this.#find(ref));
  }

  async readArchive(ref: string, path: string) {
    return await readArchive(this.#rooms, this.#find(ref), path);
  }

  async statPath(ref: string, path: string): Promise<PathStat> {
    return await statPath(this.#rooms, this.#find(ref), path);
  }

  async writeArchive(
    ref: string,
    path: string,
    tar: Readable,
    options: { readonly noOverwriteDirNonDir: boolean; readonly copyUidGid: boolean },
  ): Promise<void> {
    await writeArchive(this.#rooms, this.#find(ref), path, tar, options);
  }
}
