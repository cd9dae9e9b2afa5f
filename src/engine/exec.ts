import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { isSystemError, type ProcessStreams, type TerminalSize } from '#kit';
import { AttachSession } from './attach.ts';
import { ENVIRONMENT } from './command.ts';
import { type ContainerRecord, isLive } from './container.ts';
import { alreadyPaused, execStarted, execUnknown, notRunning, runtimeFailed } from './errors.ts';
import { mergeEnvironment } from './merge.ts';
import { linkedTo } from './links.ts';
import { pathsOf, type Rooms, tell } from './rooms.ts';
import { runtimeWords } from './runtime/runtime.ts';
import { parseSync, reasonOf } from './runtime/said.ts';
import { capabilitiesOf } from './spec/capabilities.ts';
import { rlimitsOf } from './spec/resources.ts';
import { capabilitySets, encodeSpec, environmentOf, type OciProcess } from './spec/spec.ts';
import { findUser } from './start-container.ts';
import type { Entry } from './table.ts';
import type { Exec, Execs, ExecSpec } from './types.ts';

/** So many that are over can still be asked about. */
const REMEMBERED_MAX = 1_000;

interface Running {
  exec: Exec;
  readonly entry: Entry;
  folder: string | undefined;
}

/** A client starts at once what it has created; crun then moves the process into the container's groups. */
const START_FOLLOWS_MS = 60;

/** Further processes in running containers: without a terminal crun's own pipes, with one conmon's. */
export class ExecTable implements Execs {
  readonly #rooms: Rooms;
  readonly #execs = new Map<string, Running>();
  /** Those that are over, the oldest first. */
  readonly #over = new Set<string>();

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async create(ref: string, spec: ExecSpec): Promise<string> {
    const entry = this.#rooms.table.find(ref);
    assertRunning(entry);
    // Here it can be said; once the connection is a stream, clients say only that it failed.
    this.#rooms.crun.runtimes.check(entry.record.spec.runtime);
    this.#rooms.warmth.keep(START_FOLLOWS_MS);
    const id = this.#rooms.random.hex(64);
    this.#execs.set(id, { exec: { id, containerId: entry.record.id, spec, running: false }, entry, folder: undefined });
    tell(this.#rooms, entry, `exec_create: ${spec.command.join(' ')}`, { execID: id });
    return id;
  }

  get(execId: string): Exec {
    return this.#find(execId).exec;
  }

  list(containerId: string): readonly string[] {
    return [...this.#execs.values()].filter(({ exec }) => exec.containerId === containerId && exec.exitCode === undefined).map(({ exec }) => exec.id);
  }

  #find(execId: string): Running {
    const found = this.#execs.get(execId);
    if (!found) throw execUnknown(execId);
    return found;
  }

  async start(execId: string): Promise<ProcessStreams> {
    const running = this.#find(execId);
    if (running.exec.running || running.exec.exitCode !== undefined) throw execStarted(execId);
    assertRunning(running.entry);
    this.#change(running, { running: true });
    try {
      const streams = await this.launch(
        running.entry,
        running.exec.spec,
        execId,
        (folder) => (running.folder = folder),
        (pid) => this.#change(running, { pid }),
      );
      tell(this.#rooms, running.entry, `exec_start: ${running.exec.spec.command.join(' ')}`, { execID: execId });
      streams.exited.then(
        (exitCode) => this.#ended(running, exitCode),
        () => this.#ended(running, 126),
      );
      return streams;
    } catch (error) {
      this.#ended(running, 126);
      throw error;
    }
  }

  #ended(running: Running, exitCode: number): void {
    this.#change(running, { running: false, exitCode });
    running.folder = undefined;
    this.#over.add(running.exec.id);
    const [oldest = ''] = this.#over;
    if (this.#over.size > REMEMBERED_MAX) this.#drop(oldest);
    tell(this.#rooms, running.entry, 'exec_die', { execID: running.exec.id, exitCode: String(exitCode) });
  }

  #change(running: Running, part: Partial<Exec>): void {
    running.exec = { ...running.exec, ...part };
  }

  async resize(execId: string, size: TerminalSize): Promise<void> {
    const { folder, exec } = this.#find(execId);
    if (folder === undefined || !exec.running) throw notRunning(execId);
    if (exec.spec.terminal) await this.#rooms.crun.resize(folder, size);
  }

  /** Forgets the execs of a container that is gone. */
  forget(containerId: string): void {
    for (const [id, { exec }] of this.#execs) if (exec.containerId === containerId) this.#drop(id);
  }

  #drop(id: string): void {
    this.#execs.delete(id);
    this.#over.delete(id);
  }

  /** Starts a process in the container, known to nobody else: also health checks. */
  async launch(entry: Entry, spec: ExecSpec, id: string, onFolder: (folder: string) => void, onPid: (pid: number) => void): Promise<ProcessStreams> {
    const folder = join(this.#rooms.runDir, 'execs', id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, 'process.json'), encodeSpec(await this.#process(entry.record, spec)), { mode: 0o600 });
    onFolder(folder);
    return spec.terminal ? await this.#withTerminal(entry, spec, id, folder, onPid) : await this.#withPipes(entry, spec, folder);
  }

  async #process(record: ContainerRecord, spec: ExecSpec): Promise<OciProcess> {
    const root = await this.#rooms.snapshots.mount(pathsOf(this.#rooms, record).snapshot);
    const user = await findUser(root, spec.user || record.process.user, record.spec.groups ?? []);
    const machine = this.#rooms.machine();
    const security = spec.privileged ? { ...record.spec.security, privileged: true } : record.spec.security;
    return {
      terminal: spec.terminal ?? false,
      ...(spec.terminal && spec.size ? { consoleSize: { height: spec.size.rows, width: spec.size.columns } } : {}),
      user: {
        uid: user.uid,
        gid: user.gid,
        additionalGids: user.additionalGids,
        ...(record.spec.umask === undefined ? {} : { umask: record.spec.umask }),
      },
      args: spec.command,
      env: mergeEnvironment(
        environmentOf(record, user, spec.terminal ?? false, linkedTo(this.#rooms, record, { passing: true }).environment),
        spec.environment ?? [],
      ),
      cwd: spec.workingDirectory || record.process.workingDirectory,
      capabilities: capabilitySets(capabilitiesOf(security, machine.bounding).value, user.uid),
      rlimits: rlimitsOf(record.spec.resources ?? {}, machine).value,
      noNewPrivileges: record.spec.security?.noNewPrivileges ?? false,
    };
  }

  async #withPipes(entry: Entry, spec: ExecSpec, folder: string): Promise<ProcessStreams> {
    const entered = await this.#rooms.crun.enter(entry.record);
    const [program = '', ...words] = entered.words;
    const log = join(folder, 'log');
    const args = [...words, '--log', log, 'exec', '--process', join(folder, 'process.json'), entry.record.id];
    const child = spawn(program, args, { stdio: [spec.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'], env: ENVIRONMENT, cwd: '/', detached: true });
    const { stdout, stderr, stdin } = pipesOf(child);
    const exited = new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(runtimeFailed(`run a process in container ${entry.record.id}`, error.message)));
      child.once('close', (code) => {
        exitCodeOf(log, code ?? 137, spec.command[0] ?? '').then(resolve, reject);
      });
    }).finally(async () => {
      entered[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true });
    });
    exited.catch(() => undefined);
    // A process that reads no more of its input: how it ended says the rest.
    stdin?.on('error', () => stdin.destroy());
    const detach = () => {
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    };
    return { ...(stdin === undefined ? {} : { stdin }), stdout, stderr, resize: async () => undefined, exited, detach };
  }

  async #withTerminal(entry: Entry, spec: ExecSpec, id: string, folder: string, onPid: (pid: number) => void): Promise<ProcessStreams> {
    const { crun, linux } = this.#rooms;
    const entered = await crun.enter(entry.record);
    const args = [
      '--api-version',
      '1',
      '-e',
      '-c',
      entry.record.id,
      '-u',
      id,
      '-b',
      folder,
      ...runtimeWords(entered.words),
      '-p',
      join(folder, 'pidfile'),
      '--exit-dir',
      folder,
      '-l',
      'none',
    ];
    const child = spawn(
      crun.conmonPath,
      [...args, ...(spec.stdin ? ['-i'] : []), '-t', '--full-attach', '--exec-attach', '--exec-process-spec', join(folder, 'process.json')],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
        env: { ...ENVIRONMENT, _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4', _OCI_ATTACHPIPE: '5' },
        cwd: '/',
        detached: true,
      },
    );
    child.once('error', (error) => this.#rooms.logger.error('cannot start the monitor of a process', { error }));
    const [sync, go, ready] = [3, 4, 5].map((fd) => extraPipe(child.stdio, fd));
    if (!sync || !go || !ready) throw new TypeError('a child without its pipes');
    const lines = new SyncLines(sync, spec.command[0] ?? '');
    go.on('error', (error) => this.#rooms.logger.debug('the monitor of a process takes no more signs', { error }));
    go.write('0');
    await Promise.race([once(ready), lines.ended]);
    const exited = lines.exitCode.finally(async () => {
      entered[Symbol.dispose]();
      await rm(folder, { recursive: true, force: true });
    });
    exited.catch(() => undefined);
    const session = new AttachSession({
      stdin: spec.stdin ?? false,
      stdout: true,
      stderr: false,
      terminal: true,
      resize: (size) => crun.resize(folder, size),
      exited,
    });
    session.connect(await linux.sockets.connect(join(folder, 'attach')));
    go.write('0');
    lines.pid.then(onPid, () => undefined);
    ready.destroy();
    return session.streams;
  }
}

function assertRunning({ record }: Entry): void {
  if (record.state.status === 'paused') throw alreadyPaused(record.id);
  if (!isLive(record.state)) throw notRunning(record.id);
}

/** Further pipes of a child are sockets of both directions. */
function extraPipe(pipes: readonly unknown[], fd: number): Socket | undefined {
  const pipe = pipes[fd];
  return pipe instanceof Socket ? pipe : undefined;
}

function once(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once('data', () => resolve()));
}

function pipesOf(child: ReturnType<typeof spawn>): { readonly stdout: Readable; readonly stderr: Readable; readonly stdin?: Writable } {
  const { stdout, stderr, stdin } = child;
  if (stdout === null || stderr === null) throw new TypeError('a child without its pipes');
  return { stdout, stderr, ...(stdin === null ? {} : { stdin }) };
}

/** conmon's two answers: the process id, then the exit code. */
class SyncLines {
  readonly pid: Promise<number>;
  readonly exitCode: Promise<number>;
  readonly ended: Promise<void>;

  constructor(sync: Readable, program: string) {
    const [pid, exitCode, ended] = [Promise.withResolvers<number>(), Promise.withResolvers<number>(), Promise.withResolvers<void>()];
    [this.pid, this.exitCode, this.ended] = [pid.promise, exitCode.promise, ended.promise];
    for (const promise of [this.pid, this.exitCode]) promise.catch(() => undefined);
    let text = '';
    let isFirst = true;
    sync.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const answer of lines.map(parseSync)) {
        if (answer === undefined) continue;
        if (isFirst && answer.value > 0) pid.resolve(answer.value);
        else exitCode.resolve(answer.value >= 0 && !isFirst ? answer.value : failureCode(answer.message, program));
        isFirst = false;
      }
    });
    sync.once('close', () => {
      pid.reject(runtimeFailed('run a process', 'its monitor ended'));
      exitCode.resolve(137);
      ended.resolve();
    });
  }
}

/** What crun itself said, if it could not run the program: 127 not found, 126 not executable. */
async function exitCodeOf(log: string, code: number, program: string): Promise<number> {
  if (code === 0) return 0;
  try {
    // Some runtimes warn there of what does not keep them from running it.
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => !/level="?(?:warning|info|debug)\b/.test(line));
    const said = reasonOf(lines.join('\n'));
    return said === '' ? code : failureCode(said, program);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return code;
    throw error;
  }
}

function failureCode(said: string, program: string): number {
  return /not found|No such file/i.test(said) && said.includes(program) ? 127 : 126;
}
