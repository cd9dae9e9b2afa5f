import { pipeline } from 'node:stream/promises';
import type { LogQuery } from '#kit';
import { GantryError } from '#kit';
import { logDetails } from '#engine';
import { forgetOldest } from './containers-lifecycle.ts';
import { badRequest, conflict } from './errors.ts';
import { findContainer, findExec } from './find.ts';
import { joinStreams } from './hijack.ts';
import type { Call } from './http.ts';
import { defined, Fields, isEmpty } from './json.ts';
import { frame, MULTIPLEXED_STREAM, RAW_STREAM } from './multiplex.ts';
import type { Rooms } from './options.ts';
import { unsupported } from './errors.ts';
import { ofVersion } from './request-versions.ts';
import { parseMoment_ms, utcTime } from './times.ts';

/** `GET /containers/{id}/logs`. */
export async function containerLogs(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const [stdout, stderr] = [call.flag('stdout'), call.flag('stderr')];
  if (!stdout && !stderr) throw badRequest('Bad parameters: you must choose at least one stream');
  const query = logQuery(call, rooms);
  const terminal = container.spec.terminal ?? false;
  const lines = rooms.engine.containers.logs(container.id, query);
  call.begin(terminal || call.minor < 42 ? RAW_STREAM : MULTIPLEXED_STREAM);
  const prefix = call.flag('details') ? `${logDetails(container.spec.log, container.spec.labels ?? {}, container.process.environment).join(',')} ` : '';
  try {
    for await (const line of lines) {
      if (line.stream === 'stdout' ? !stdout : !stderr) continue;
      const text = `${call.flag('timestamps') ? `${utcTime(line.time)} ` : ''}${prefix}`;
      const content = text === '' ? line.content : Buffer.concat([Buffer.from(text), line.content]);
      if (!(await call.write(terminal ? content : frame(line.stream, content)))) return;
    }
  } catch (error) {
    if (call.signal.aborted) return;
    throw error;
  }
  call.response.end();
}

function logQuery(call: Call, rooms: Rooms): LogQuery {
  const tail = call.text('tail');
  // Docker takes everything that is no number as "all".
  const count = tail !== undefined && /^\d+$/.test(tail) ? Number(tail) : undefined;
  const now_ms = rooms.clock.now();
  return defined({
    follow: call.flag('follow'),
    tail: count,
    // Lines are told apart by the millisecond.
    since_ms: Math.floor(parseMoment_ms(call.text('since'), now_ms, 'since') ?? 0) || undefined,
    until_ms: parseMoment_ms(call.text('until'), now_ms, 'until'),
    signal: call.signal,
  });
}

export async function resizeContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const size = sizeOf(call);
  await rooms.engine.containers.resize(container.id, size);
  rooms.events.tellOf(container, 'resize', { height: String(size.rows), width: String(size.columns) });
  call.empty(200);
}

function sizeOf(call: Call): { rows: number; columns: number } {
  const [rows, columns] = [call.integer('h'), call.integer('w')];
  if (rows === undefined || columns === undefined || rows < 0 || columns < 0) throw badRequest('a terminal size needs h and w, numbers that are not negative');
  return { rows, columns };
}

/** `Detach` counts at the start only, as with Docker; `Container` is the address said again. */
const EXEC_FIELDS = new Set([
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'Cmd',
  'Env',
  'Privileged',
  'Tty',
  'User',
  'WorkingDir',
  'DetachKeys',
  'ConsoleSize',
  'Detach',
  'Container',
]);

/** `POST /containers/{id}/exec`. */
export async function createExec(call: Call, rooms: Rooms, wishes: ExecWishes): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const body = ofVersion('exec', await call.body(), call.minor);
  for (const [name, value] of Object.entries(body)) if (!EXEC_FIELDS.has(name) && !isEmpty(value)) throw unsupported(`${name} in an exec`);
  const fields = new Fields(body);
  const command = fields.words('Cmd');
  if (command === undefined || command.length === 0) throw badRequest('No exec command specified');
  if (container.state.status === 'paused') throw conflict(`Container ${call.parameter('id')} is paused, unpause the container before exec`);
  if (container.state.status !== 'running') throw conflict(`container ${container.id} is not running`);
  const id = await rooms.engine.execs.create(
    container.id,
    defined({
      command,
      terminal: fields.flag('Tty'),
      stdin: fields.flag('AttachStdin'),
      environment: fields.texts('Env'),
      workingDirectory: fields.text('WorkingDir'),
      user: fields.text('User'),
      privileged: fields.flag('Privileged'),
      size: consoleSize(fields.any('ConsoleSize')),
    }),
  );
  wishes.set(id, { stdout: fields.flag('AttachStdout'), stderr: fields.flag('AttachStderr'), detachKeys: fields.text('DetachKeys') });
  forgetOldest(wishes);
  call.json(201, { Id: id });
}

/** What an exec's creator wants of its streams; an exec does not outlive the daemon, so these need not either. */
export interface ExecWish {
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string | undefined;
}
export type ExecWishes = Map<string, ExecWish>;

function consoleSize(value: unknown): { rows: number; columns: number } | undefined {
  if (!Array.isArray(value)) return undefined;
  const [rows, columns] = [Number(value[0]), Number(value[1])];
  return rows > 0 && columns > 0 ? { rows, columns } : undefined;
}

/** `POST /exec/{id}/start`. */
export async function startExec(call: Call, rooms: Rooms, wishes: ExecWishes): Promise<void> {
  const exec = findExec(rooms, call.parameter('id'));
  const fields = new Fields(await call.body());
  if (exec.running || exec.exitCode !== undefined) throw conflict(`exec ${exec.id} has already run`);
  const size = consoleSize(fields.any('ConsoleSize'));
  const wish = wishes.get(exec.id) ?? { stdout: true, stderr: true, detachKeys: undefined };
  const streams = await rooms.engine.execs.start(exec.id);
  if (size && exec.spec.terminal) await streams.resize(size);
  if (fields.flag('Detach')) {
    // Nobody reads: the output must flow away, or the process would stall.
    streams.stdout.resume();
    streams.stderr?.resume();
    streams.exited.catch((error: unknown) => rooms.logger.warn('a detached exec failed', { exec: exec.id, error }));
    return call.empty(200);
  }
  const container = findContainer(rooms, exec.containerId);
  const onDetach = () => rooms.events.tellOf(container, 'exec_detach', { execID: exec.id });
  return joinStreams(call, rooms, streams, { terminal: exec.spec.terminal ?? false, ...wish, untilExited: true, onDetach });
}

export async function resizeExec(call: Call, rooms: Rooms): Promise<void> {
  await rooms.engine.execs.resize(findExec(rooms, call.parameter('id')).id, sizeOf(call));
  call.empty(200);
}

/** `GET /exec/{id}/json`. */
export async function inspectExec(call: Call, rooms: Rooms, wishes: ExecWishes): Promise<void> {
  const exec = findExec(rooms, call.parameter('id'));
  const wish = wishes.get(exec.id);
  const [entrypoint = '', ...rest] = exec.spec.command;
  call.json(200, {
    ID: exec.id,
    Running: exec.running,
    ExitCode: exec.exitCode ?? null,
    ProcessConfig: {
      tty: exec.spec.terminal ?? false,
      entrypoint,
      arguments: rest,
      privileged: exec.spec.privileged ?? false,
      ...(exec.spec.user === undefined ? {} : { user: exec.spec.user }),
    },
    OpenStdin: exec.spec.stdin ?? false,
    OpenStderr: wish?.stderr ?? true,
    OpenStdout: wish?.stdout ?? true,
    CanRemove: false,
    ContainerID: exec.containerId,
    DetachKeys: wish?.detachKeys ?? '',
    Pid: exec.pid ?? 0,
  });
}

export async function topContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  if (container.state.status !== 'running' && container.state.status !== 'paused') throw conflict(`container ${container.id} is not running`);
  const { titles, processes } = await rooms.engine.containers.top(container.id, call.text('ps_args') ?? '-ef');
  rooms.events.tellOf(container, 'top');
  call.json(200, { Titles: titles, Processes: processes });
}

export async function containerChanges(call: Call, rooms: Rooms): Promise<void> {
  const kinds = { modified: 0, added: 1, deleted: 2 };
  const changes = await rooms.engine.containers.changes(findContainer(rooms, call.parameter('id')).id);
  call.json(200, changes.length === 0 ? null : changes.map(({ path, kind }) => ({ Path: path, Kind: kinds[kind] })));
}

export async function exportContainer(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const tar = await rooms.engine.containers.exportTar(container.id);
  rooms.events.tellOf(container, 'export');
  call.begin('application/x-tar');
  await pipeline(tar, call.response);
}

/** HEAD, GET and PUT `/containers/{id}/archive`. */
export async function statArchive(call: Call, rooms: Rooms): Promise<void> {
  const stat = await rooms.engine.containers.statPath(findContainer(rooms, call.parameter('id')).id, archivePath(call));
  call.response.setHeader('X-Docker-Container-Path-Stat', statHeader(stat));
  call.empty(200);
}

export async function getArchive(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  const { stat, tar } = await rooms.engine.containers.readArchive(container.id, archivePath(call));
  rooms.events.tellOf(container, 'archive-path');
  call.response.setHeader('X-Docker-Container-Path-Stat', statHeader(stat));
  call.begin('application/x-tar');
  await pipeline(tar, call.response);
}

export async function putArchive(call: Call, rooms: Rooms): Promise<void> {
  const container = findContainer(rooms, call.parameter('id'));
  await rooms.engine.containers.writeArchive(container.id, archivePath(call), call.request, {
    noOverwriteDirNonDir: call.flag('noOverwriteDirNonDir'),
    copyUidGid: call.flag('copyUIDGID'),
  });
  rooms.events.tellOf(container, 'extract-to-dir');
  call.empty(200);
}

function archivePath(call: Call): string {
  const path = call.text('path');
  if (path === undefined) throw new GantryError('BAD_REQUEST', 400, 'missing parameter: path cannot be empty');
  return path;
}

function statHeader(stat: { name: string; size: number; mode: number; modified_ms: number; linkTarget: string }): string {
  const value = { name: stat.name, size: stat.size, mode: stat.mode, mtime: new Date(stat.modified_ms).toISOString(), linkTarget: stat.linkTarget };
  return Buffer.from(JSON.stringify(value)).toString('base64');
}
