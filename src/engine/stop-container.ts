import { readFile } from 'node:fs/promises';
import { isSystemError } from '#kit';
import { isLive, paused } from './container.ts';
import { alreadyPaused, notPaused, notRunning, stopTimedOut } from './errors.ts';
import { pathsOf, type Rooms, save, settle, tell } from './rooms.ts';
import { signalNumber } from './signals.ts';
import type { Entry } from './table.ts';

const [SIGKILL, STOP_SECONDS, KILL_WAIT_MS] = [9, 10, 10_000];

/** The stop signal, then SIGKILL. When it resolves, the run's network and ports are free. */
export async function stopContainer(rooms: Rooms, entry: Entry, options: { readonly timeout_seconds?: number; readonly signal?: string }): Promise<void> {
  const { record } = entry;
  const signal = signalNumber(options.signal ?? record.stopSignal);
  await requestStop(rooms, entry);
  if (!isLive(entry.record.state)) return;
  if (entry.record.state.status === 'paused') await setPaused(rooms, entry, false);
  const ended = exitOf(entry);
  if (await signalMain(rooms, entry, signal)) tell(rooms, entry, 'kill', { signal: String(signal) });
  const timeout_seconds = options.timeout_seconds ?? record.spec.stopTimeout_seconds ?? STOP_SECONDS;
  if (!(await within(rooms, ended, timeout_seconds < 0 ? undefined : timeout_seconds * 1000))) await endNow(rooms, entry);
  await idle(rooms, entry);
  tell(rooms, entry, 'stop');
}

/** No policy starts it again; a restart that was due is off. */
async function requestStop(rooms: Rooms, entry: Entry): Promise<void> {
  await rooms.locks.run(entry.record.id, async () => {
    const { record } = entry;
    if (rooms.table.byId(record.id) !== entry) return;
    if (record.state.status === 'restarting') {
      entry.beside?.[Symbol.dispose]();
      await save(rooms, entry, { ...record, stopRequested: true, state: { status: 'exited', exit: record.state.exit } });
      settle(entry, 'exit', { exitCode: record.state.exit.exitCode });
    } else if (!record.stopRequested && record.spec.restart !== undefined && record.spec.restart.name !== 'no')
      await save(rooms, entry, { ...record, stopRequested: true });
    else entry.record = { ...record, stopRequested: true };
  });
}

/**
 * Its stop signal and its time where the main process listens to it; SIGKILL at once where it does not, since the first process of
 * a container never hears a signal that it has no handler for.
 */
export async function endOrderly(rooms: Rooms, entry: Entry): Promise<void> {
  const { state, stopSignal } = entry.record;
  if (isLive(state) && (await hears(state.pid, signalNumber(stopSignal))))
    await stopContainer(rooms, entry, rooms.shutdownTimeout_seconds === undefined ? {} : { timeout_seconds: rooms.shutdownTimeout_seconds });
  else await endNow(rooms, entry);
}

/** Whether the process has a handler for the signal (proc_pid_status(5), SigCgt). */
async function hears(pid: number, signal: number): Promise<boolean> {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return false;
    throw error;
  }
}

/** SIGKILL, and when even that does not end it, its whole group. Errors: `STOP_TIMED_OUT`. */
export async function endNow(rooms: Rooms, entry: Entry): Promise<void> {
  await requestStop(rooms, entry);
  if (!isLive(entry.record.state)) return;
  if (entry.record.state.status === 'paused') await setPaused(rooms, entry, false);
  const ended = exitOf(entry);
  if (await signalMain(rooms, entry, SIGKILL)) tell(rooms, entry, 'kill', { signal: String(SIGKILL) });
  if (!(await within(rooms, ended, KILL_WAIT_MS))) throw stopTimedOut(entry.record.id, KILL_WAIT_MS);
  await idle(rooms, entry);
}

/** Errors: `CONTAINER_NOT_RUNNING`. */
export async function killContainer(rooms: Rooms, entry: Entry, signal: string): Promise<void> {
  const number = signalNumber(signal);
  if (!isLive(entry.record.state)) throw notRunning(entry.record.id);
  if (number === SIGKILL) return await endNow(rooms, entry);
  if (number === signalNumber(entry.record.stopSignal)) await requestStop(rooms, entry);
  if (!(await signalMain(rooms, entry, number))) throw notRunning(entry.record.id);
  tell(rooms, entry, 'kill', { signal: String(number) });
}

/** Errors: `CONTAINER_NOT_RUNNING`, `CONTAINER_PAUSED`, `CONTAINER_NOT_PAUSED`. */
export async function setPaused(rooms: Rooms, entry: Entry, wanted: boolean): Promise<void> {
  await rooms.locks.run(entry.record.id, async () => {
    const { record } = entry;
    if (!isLive(record.state)) throw notRunning(record.id);
    if (record.state.status === 'paused' && wanted) throw alreadyPaused(record.id);
    if (record.state.status === 'running' && !wanted) throw notPaused(record.id);
    await rooms.crun.freeze(record, pathsOf(rooms, record).cgroup, wanted);
    await save(rooms, entry, paused(record, wanted));
    tell(rooms, entry, wanted ? 'pause' : 'unpause');
  });
}

/** Signals the main process, unless its id is another's by now. */
async function signalMain(rooms: Rooms, entry: Entry, signal: number): Promise<boolean> {
  const { state } = entry.record;
  if (!isLive(state) || (await rooms.linux.processes.startTime(state.pid)) !== state.startTime) return false;
  return await rooms.crun.signal(entry.record, state.pid, signal);
}

function exitOf(entry: Entry): Promise<void> {
  return new Promise((resolve) => entry.waiters.add({ condition: 'exit', settle: () => resolve() }));
}

/** Whether it came in time. The patience of who stops a container does not keep the process of the engine from ending. */
async function within(rooms: Rooms, event: Promise<void>, time_ms: number | undefined): Promise<boolean> {
  if (time_ms === undefined) return await event.then(() => true);
  const late = Promise.withResolvers<boolean>();
  using timer = rooms.clock.setTimer(time_ms, () => late.resolve(false));
  if (rooms.isStopping()) return await Promise.race([event.then(() => true), late.promise]);
  timer.unref();
  return await Promise.race([event.then(() => true), late.promise]);
}

/** Waits until what is under way for the container is over. */
function idle(rooms: Rooms, entry: Entry): Promise<void> {
  return rooms.locks.run(entry.record.id, async () => undefined);
}
