import { constants } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, namesIn, type TerminalSize } from '#kit';
import type { Linux } from '#linux';
import type { ContainerPaths, ContainerRecord } from '../container.ts';
import { releaseHeld } from '../held-mounts.ts';
import { runtimeFailed, startFailed } from '../errors.ts';
import { encodeSpec, type OciSpec } from '../spec/spec.ts';
import type { Launched, Launcher } from './launcher.ts';
import { CRUN, type OciRuntime, OciRuntimes } from './oci-runtimes.ts';
import { explain, parseSync, reasonOf, stateWordOf } from './said.ts';
import type { Surrounding, Surroundings } from './surroundings.ts';

/** crun takes a compiled filter from this annotation (crun(1)). */
const COMPILED_FILTER = 'run.oci.seccomp_bpf_data';
const FILTERS_MAX = 64;
/** Below the run dir: the state of each runtime other than crun, by its name. */
export const OTHERS = 'runtimes';
/** In conmon's folder for what is to persist; it writes this one first. */
const EXIT = 'exit';
const MONITOR_PATIENCE_MS = 2_000;

export interface RuntimePrograms {
  readonly crun: string;
  readonly conmon: string;
  /** Further OCI runtimes that containers may name. */
  readonly others?: readonly OciRuntime[];
  /** Of a container that names none; crun when left out. */
  readonly fallback?: string;
}
/** What of a container's record says where its run is. */
type Owned = Pick<ContainerRecord, 'id'> & { readonly spec: Pick<ContainerRecord['spec'], 'runtime'> };

interface Exited {
  readonly exitCode: number;
  readonly finishedAt_ms: number;
}

/** crun, or another OCI runtime, and conmon: makes containers, starts them, and reads what they left. */
export class Runtime {
  readonly #programs: RuntimePrograms;
  readonly #launcher: Launcher;
  readonly #surroundings: Surroundings;
  readonly #linux: Pick<Linux, 'cgroups' | 'mounts' | 'processes'>;
  /** Compiled filters by their rules. */
  readonly #filters = new Map<string, string>();
  readonly runtimes: OciRuntimes;
  readonly #runDir: string;
  readonly exitDir: string;

  constructor(options: {
    readonly programs: RuntimePrograms;
    readonly launcher: Launcher;
    readonly surroundings: Surroundings;
    readonly linux: Pick<Linux, 'cgroups' | 'mounts' | 'processes'>;
    readonly runDir: string;
    readonly exitDir: string;
  }) {
    this.#programs = options.programs;
    this.#launcher = options.launcher;
    this.#surroundings = options.surroundings;
    this.#linux = options.linux;
    const { crun, others = [], fallback = CRUN } = options.programs;
    this.runtimes = new OciRuntimes({ crun, others, fallback });
    this.#runDir = options.runDir;
    this.exitDir = options.exitDir;
  }

  /** The runtime's own state, one folder a container. */
  rootOf(runtime: string | undefined): string {
    return runtime === undefined ? join(this.#runDir, CRUN) : join(this.#runDir, OTHERS, runtime);
  }

  /** The containers that some runtime knows of, and which one does. */
  async states(): Promise<ReadonlyMap<string, string | undefined>> {
    const others = await namesIn(join(this.#runDir, OTHERS));
    const lists = await Promise.all([undefined, ...others].map(async (name) => (await namesIn(this.rootOf(name))).map((id) => [id, name] as const)));
    return new Map(lists.flat());
  }

  get conmonPath(): string {
    return this.#programs.conmon;
  }

  /**
   * The words that start the container's runtime, good until they are disposed of, which may be when crun has ended. A tree of version 1 with a version 2
   * part that still has a controller is refused by crun 1.8: there it runs in a mount namespace in which that part is unmounted.
   */
  async enter({ spec }: Pick<Owned, 'spec'>): Promise<Surrounding> {
    const runtime = this.runtimes.words(spec.runtime, this.rootOf(spec.runtime));
    if (!this.#linux.cgroups.hybridWithControllers) return { words: runtime, [Symbol.dispose]: () => undefined };
    const surrounding = await this.#surroundings.enter();
    return { words: [...surrounding.words, ...runtime], [Symbol.dispose]: () => surrounding[Symbol.dispose]() };
  }

  /** Waits until nothing more comes of what an earlier daemon had begun. */
  async takeOver(): Promise<void> {
    await this.#launcher.takeOver(this.#linux.processes);
  }

  /** Makes ready what the first container would wait for. */
  async warm(): Promise<void> {
    this.#launcher.warm();
    if (this.#linux.cgroups.hybridWithControllers) await this.#surroundings.warm();
  }

  /** Lets go of the processes that help; containers and their monitors stay. */
  close(): void {
    this.#launcher.close();
    this.#surroundings.close();
  }

  /** Makes the container; its process waits for `start`. Answers the process's id. Errors: `CONTAINER_START_FAILED`. */
  async create(record: ContainerRecord, paths: ContainerPaths, spec: OciSpec): Promise<number> {
    const isCrun = record.spec.runtime === undefined;
    const filter = spec.linux.seccomp === undefined || !isCrun ? undefined : JSON.stringify(spec.linux.seccomp);
    const compiled = filter === undefined ? undefined : this.#filters.get(filter);
    const whole = compiled === undefined ? spec : { ...spec, annotations: { ...spec.annotations, [COMPILED_FILTER]: compiled } };
    await writeFile(join(paths.bundle, 'config.json'), encodeSpec(whole), { mode: 0o600 });
    using entered = await this.enter(record);
    if (!isCrun) await mkdir(this.rootOf(record.spec.runtime), { recursive: true, mode: 0o700 });
    const { line, said } = await this.#launcher.runSynced(this.#conmonWords(record, paths, entered.words));
    const answer = parseSync(line);
    if (answer === undefined) throw startFailed(record.name, 500, said.trim() || 'the monitor ended without a word', 128);
    if (answer.value > 0) {
      if (filter !== undefined && compiled === undefined) await this.#keepFilter(record.id, filter);
      return answer.value;
    }
    throw explain(record, answer.message);
  }

  /** Compiling a filter takes crun longer than all the rest: what it compiled for one container serves the next of the same rules. */
  async #keepFilter(id: string, rules: string): Promise<void> {
    try {
      const code = await readFile(join(this.rootOf(undefined), id, 'seccomp.bpf'));
      if (this.#filters.size >= FILTERS_MAX) this.#filters.clear();
      if (code.length > 0) this.#filters.set(rules, code.toString('base64'));
    } catch (error) {
      // Another runtime, or a container that is over already, has no such file.
      if (!isSystemError(error, 'ENOENT')) throw error;
    }
  }

  #conmonWords(record: ContainerRecord, paths: ContainerPaths, crunWords: readonly string[]): readonly string[] {
    const { spec } = record;
    return [
      ...[this.#programs.conmon, '--api-version', '1', '-c', record.id, '-u', record.id, '-n', record.name, '-b', paths.bundle],
      ...runtimeWords(crunWords),
      ...['-p', join(paths.bundle, 'pidfile'), '-P', join(paths.bundle, 'conmon.pid'), '-l', spec.log?.driver === 'none' ? 'none' : `k8s-file:${paths.log}`],
      ...['--exit-dir', this.exitDir, '--persist-dir', paths.bundle, '--full-attach', '--log-level', 'error'],
      ...(spec.terminal ? ['-t'] : []),
      // A terminal outlives the client that lets go of it; another one may attach.
      ...(spec.openStdin ? ['-i', ...(spec.stdinOnce && !spec.terminal ? [] : ['--leave-stdin-open'])] : []),
    ];
  }

  /** Lets the process that `create` made run the program. Errors: `CONTAINER_START_FAILED`. */
  async start(record: ContainerRecord): Promise<void> {
    if (record.spec.runtime !== undefined) {
      const { exitCode, output } = await this.command(record, ['start', record.id]);
      if (exitCode !== 0) throw explain(record, output);
    } else if (!(await this.#letGoAtPipe(record.id))) throw startFailed(record.name, 500, 'its process ended before it was started', 128);
  }

  /** Lets it go unless it was let go already, which is fine. False when nobody waits to be. */
  async letGo(record: Owned): Promise<boolean> {
    if (record.spec.runtime === undefined) return await this.#letGoAtPipe(record.id);
    const { exitCode, output } = await this.command(record, ['state', record.id]);
    if (exitCode !== 0) return false;
    if (stateWordOf(output) !== 'created') return true;
    return (await this.command(record, ['start', record.id])).exitCode === 0;
  }

  /** Runs one command of the container's runtime. Errors: `RUNTIME_UNKNOWN`. */
  async command(record: Pick<Owned, 'spec'>, words: readonly string[]): Promise<Launched> {
    using entered = await this.enter(record);
    return await this.#launcher.run([...entered.words, ...words]);
  }

  /** Signals the main process through the runtime where that is not crun: what it shows as a process may be a machine. False when there is none. */
  async signal(record: Owned, pid: number, signal: number): Promise<boolean> {
    if (record.spec.runtime === undefined || !this.runtimes.isKnown(record.spec.runtime)) return this.#linux.processes.signal(pid, signal);
    return (await this.command(record, ['kill', record.id, String(signal)])).exitCode === 0;
  }

  /** Holds all processes, or lets them go on. Errors: `RUNTIME_FAILED`. */
  async freeze(record: Owned, group: string, frozen: boolean): Promise<void> {
    if (record.spec.runtime === undefined || !this.runtimes.isKnown(record.spec.runtime)) return await this.#linux.cgroups.freeze(group, frozen);
    const word = frozen ? 'pause' : 'resume';
    const { exitCode, output } = await this.command(record, [word, record.id]);
    if (exitCode !== 0) throw runtimeFailed(`${word} container ${record.id}`, reasonOf(output));
  }

  /** Of crun: the process waits at a pipe that it made for that, and goes on when it reads something. */
  async #letGoAtPipe(id: string): Promise<boolean> {
    const pipe = join(this.rootOf(undefined), id, 'exec.fifo');
    try {
      // Not waiting for a reader: the process holds the other end for as long as it waits.
      await writeFile(pipe, '1', { flag: constants.O_WRONLY | constants.O_NONBLOCK });
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return true;
      if (!isSystemError(error, 'ENXIO') && !isSystemError(error, 'EPIPE')) throw error;
      // Nobody waits: it was let go, and a daemon that was cut off then has left the pipe.
      await rm(pipe, { force: true });
      return false;
    }
    // By its absence crun tells a running container from a created one.
    await rm(pipe, { force: true });
    return true;
  }

  /** Changes the limits of a running container. */
  async update(record: Owned, resources: Readonly<Record<string, unknown>>, folder: string): Promise<void> {
    const file = join(folder, 'update.json');
    await writeFile(file, JSON.stringify(resources));
    const { exitCode, output } = await this.command(record, ['update', '--resources', file, record.id]);
    if (exitCode !== 0) throw runtimeFailed(`change the limits of container ${record.id}`, reasonOf(output));
  }

  /** How the container ended, if conmon has said so: in two places, of which the first may be on a disk that was full. */
  async exit(paths: ContainerPaths): Promise<Exited | undefined> {
    return (await readExit(paths.exitFile)) ?? (await readExit(join(paths.bundle, EXIT)));
  }

  /** Whether the kernel ended a process of it for want of memory: conmon's mark, or the group's own count. */
  async wasOutOfMemory(paths: ContainerPaths): Promise<boolean> {
    if (await exists(join(paths.bundle, 'oom'))) return true;
    return (await this.#linux.cgroups.oomKills(paths.cgroup)) > 0;
  }

  async monitorPid(paths: ContainerPaths): Promise<number | undefined> {
    try {
      return Number((await readFile(join(paths.bundle, 'conmon.pid'), 'utf8')).trim()) || undefined;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Removes what a run left: its group with whatever is still in it, the runtime's state, the bundle. Works on half-made ones too. */
  async clean(record: Owned, paths: ContainerPaths, options: { readonly keepExit?: boolean } = {}): Promise<void> {
    const { id } = record;
    const state = join(this.rootOf(record.spec.runtime), id);
    // crun's state is a folder and no more; what another one keeps, only it knows. What it refuses, the group's end takes.
    if (record.spec.runtime !== undefined && this.runtimes.isKnown(record.spec.runtime) && (await exists(state)))
      await this.command(record, ['delete', '--force', id]);
    await this.#linux.cgroups.remove(paths.cgroup);
    await this.#monitorGone(id, paths);
    await releaseHeld({ mounts: this.#linux.mounts, folder: paths.held });
    await rm(state, { recursive: true, force: true });
    if (!options.keepExit) return await this.forget(paths);
    for (const name of await readdir(paths.bundle)) if (name !== EXIT) await rm(join(paths.bundle, name), { recursive: true, force: true });
  }

  /** Removes the bundle, and what was said of how the run ended: its record says it by now. */
  async forget(paths: ContainerPaths): Promise<void> {
    await rm(paths.bundle, { recursive: true, force: true });
    await rm(paths.exitFile, { force: true });
  }

  /** conmon writes into the bundle until it ends, which it does when its container has; one that doesn't is ended. */
  async #monitorGone(id: string, paths: ContainerPaths): Promise<void> {
    const { processes } = this.#linux;
    const pid = await this.monitorPid(paths);
    if (pid === undefined || !(await commandLine(pid)).includes(id)) return;
    try {
      await processes.waitGone(pid, AbortSignal.timeout(MONITOR_PATIENCE_MS));
    } catch {
      // It outlived its container by far: nothing that it could still say is waited for.
      processes.signal(pid, 'SIGKILL');
      await processes.waitGone(pid);
    }
  }

  /** Has conmon begin its log file anew (a message is `2 0 0`): it makes another one and gives it the name. False when it is gone. */
  async reopenLog(folder: string): Promise<boolean> {
    try {
      await writeFile(join(folder, 'ctl'), '2 0 0\n', { flag: constants.O_WRONLY | constants.O_NONBLOCK });
      return true;
    } catch (error) {
      if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENXIO') || isSystemError(error, 'EPIPE')) return false;
      throw error;
    }
  }

  /** Sets the size of the terminal through conmon's control pipe (a message is `1 ROWS COLUMNS`). */
  async resize(folder: string, size: TerminalSize): Promise<void> {
    await writeFile(join(folder, 'ctl'), `1 ${size.rows} ${size.columns}\n`);
  }
}

/** What conmon wrote of an end. The file is whole when it is there. */
async function readExit(path: string): Promise<Exited | undefined> {
  try {
    const [text, stats] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { exitCode: Number(text.trim()), finishedAt_ms: Math.round(stats.mtimeMs) };
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** conmon's words for a runtime that is started with these. */
export function runtimeWords([first = '', ...rest]: readonly string[]): readonly string[] {
  return ['-r', first, ...rest.flatMap((word) => ['--runtime-arg', word])];
}

/** The words a process was started with; none when it is gone. A reused process id is told apart by them. */
async function commandLine(pid: number): Promise<readonly string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return [];
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}
