import { constants } from 'node:fs';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, type TerminalSize } from '#kit';
import type { Linux } from '#linux';
import type { ContainerPaths, ContainerRecord } from '../container.ts';
import { releaseHeld } from '../held-mounts.ts';
import { runtimeFailed, StartError, startFailed } from '../errors.ts';
import { encodeSpec, type OciSpec } from '../spec/spec.ts';
import type { Launcher } from './launcher.ts';
import type { Surrounding, Surroundings } from './surroundings.ts';

/** crun takes a compiled filter from this annotation (crun(1)). */
const COMPILED_FILTER = 'run.oci.seccomp_bpf_data';
const FILTERS_MAX = 64;
/** In conmon's folder for what is to persist; it writes this one first. */
const EXIT = 'exit';
const MONITOR_PATIENCE_MS = 2_000;

export interface RuntimePrograms {
  readonly crun: string;
  readonly conmon: string;
}

interface Exited {
  readonly exitCode: number;
  readonly finishedAt_ms: number;
}

/** crun and conmon: makes containers, starts them, and reads what they left. */
export class Runtime {
  readonly #programs: RuntimePrograms;
  readonly #launcher: Launcher;
  readonly #surroundings: Surroundings;
  readonly #linux: Pick<Linux, 'cgroups' | 'mounts' | 'processes'>;
  /** Compiled filters by their rules. */
  readonly #filters = new Map<string, string>();
  /** crun's own state, one folder a container. */
  readonly root: string;
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
    this.root = join(options.runDir, 'crun');
    this.exitDir = options.exitDir;
  }

  get conmonPath(): string {
    return this.#programs.conmon;
  }

  /**
   * The words that start crun, good until they are disposed of, which may be when crun has ended. A tree of version 1 with a version 2
   * part that still has a controller is refused by crun 1.8: there it runs in a mount namespace in which that part is unmounted.
   */
  async enter(): Promise<Surrounding> {
    const crun = [this.#programs.crun, '--root', this.root, '--cgroup-manager=cgroupfs'];
    if (!this.#linux.cgroups.hybridWithControllers) return { words: crun, [Symbol.dispose]: () => undefined };
    const surrounding = await this.#surroundings.enter();
    return { words: [...surrounding.words, ...crun], [Symbol.dispose]: () => surrounding[Symbol.dispose]() };
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
    const filter = spec.linux.seccomp === undefined ? undefined : JSON.stringify(spec.linux.seccomp);
    const compiled = filter === undefined ? undefined : this.#filters.get(filter);
    const whole = compiled === undefined ? spec : { ...spec, annotations: { ...spec.annotations, [COMPILED_FILTER]: compiled } };
    await writeFile(join(paths.bundle, 'config.json'), encodeSpec(whole), { mode: 0o600 });
    using entered = await this.enter();
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
      const code = await readFile(join(this.root, id, 'seccomp.bpf'));
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
    if (!(await this.letGo(record.id))) throw startFailed(record.name, 500, 'its process ended before it was started', 128);
  }

  /**
   * The process waits at a pipe that crun made for that, and goes on when it reads something. False when nobody waits there;
   * one that was let go already is fine.
   */
  async letGo(id: string): Promise<boolean> {
    const pipe = join(this.root, id, 'exec.fifo');
    try {
      // Not waiting for a reader: the process holds the other end for as long as it waits.
      await writeFile(pipe, '1', { flag: constants.O_WRONLY | constants.O_NONBLOCK });
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return true;
      if (isSystemError(error, 'ENXIO') || isSystemError(error, 'EPIPE')) return false;
      throw error;
    }
    // By its absence crun tells a running container from a created one.
    await rm(pipe, { force: true });
    return true;
  }

  /** Changes the limits of a running container. */
  async update(id: string, resources: Readonly<Record<string, unknown>>, folder: string): Promise<void> {
    const file = join(folder, 'update.json');
    await writeFile(file, JSON.stringify(resources));
    using entered = await this.enter();
    const { exitCode, output } = await this.#launcher.run([...entered.words, 'update', '--resources', file, id]);
    if (exitCode !== 0) throw runtimeFailed(`change the limits of container ${id}`, reasonOf(output));
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

  /** Removes what a run left: its group with whatever is still in it, crun's state, the bundle. Works on half-made ones too. */
  async clean(id: string, paths: ContainerPaths, options: { readonly keepExit?: boolean } = {}): Promise<void> {
    await this.#linux.cgroups.remove(paths.cgroup);
    await this.#monitorGone(id, paths);
    await releaseHeld({ mounts: this.#linux.mounts, folder: paths.held });
    await rm(join(this.root, id), { recursive: true, force: true });
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

/** What conmon says on its sync pipe: a process id, an exit code or a refusal. */
export function parseSync(line: string): { readonly value: number; readonly message: string } | undefined {
  if (line.trim() === '') return undefined;
  const parsed: unknown = JSON.parse(line);
  if (typeof parsed !== 'object' || parsed === null || !('data' in parsed)) return undefined;
  const message = 'message' in parsed && typeof parsed.message === 'string' ? parsed.message : '';
  return { value: Number(parsed.data), message };
}

/** Words that clients know (docker takes its own exit status from them): 127 when the program is missing, 126 when it can't be run. */
function explain(record: ContainerRecord, said: string): StartError {
  const reason = reasonOf(said);
  const program = record.process.path;
  if (/executable file|No such file or directory/.test(reason) && reason.includes(program))
    return startFailed(record.name, 400, `exec: "${program}": executable file not found in $PATH: no such file or directory`, 127);
  if (/Permission denied|open executable: Operation not permitted/i.test(reason))
    return startFailed(record.name, 400, `exec: "${program}": permission denied`, 126);
  if (/Is a directory|Exec format error/i.test(reason)) return startFailed(record.name, 400, `exec: "${program}": ${reason.toLowerCase()}`, 126);
  return startFailed(record.name, 500, reason || 'the runtime gave no reason', 128);
}

/** The runtime's own line: without the time that it begins with. */
export function reasonOf(said: string): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? '')
    .replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z: /, '')
    .replace(/^runtime stderr: /, '')
    .trim();
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
