import { readFile } from 'node:fs/promises';
import { type Clock, isSystemError } from '#kit';
import { SystemCallError } from './errors.ts';
import type { Libc } from './libc.ts';
import type { PipeHandles } from './pipe-handle.ts';
import type { Processes } from './types.ts';

const [ESRCH, EINVAL, ENOSYS] = [3, 22, 38];
/** How often /proc is read where the kernel has no process descriptors (Linux before 5.3). */
const FALLBACK_INTERVAL_MS = 250;

/** Processes of this machine, whoever started them. */
export function createProcesses(libc: Libc, handles: PipeHandles, clock: Clock): Processes {
  return {
    signal(pid, signal) {
      try {
        process.kill(pid, signal);
        return true;
      } catch (error) {
        if (isSystemError(error, 'ESRCH')) return false;
        throw error;
      }
    },
    startTime,
    async waitGone(pid, signal) {
      signal?.throwIfAborted();
      const fd = libc.pidfd_open(pid);
      if (fd >= 0) return await ended(handles, fd, signal);
      const errno = libc.errno();
      // EINVAL is a thread's id: as a process it is gone.
      if (errno === ESRCH || errno === EINVAL) return;
      if (errno !== ENOSYS) throw new SystemCallError(`wait for process ${pid}`, 'pidfd_open', errno);
      await endedByProc(pid, clock, signal);
    },
  };
}

/**
 * A process descriptor becomes readable when the process ends; the read itself then fails with EINVAL, which is
 * the news waited for (pidfd_open(2)).
 */
function ended(handles: PipeHandles, fd: number, signal: AbortSignal | undefined): Promise<void> {
  const socket = handles.adopt(fd);
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const settle = (action: () => void) => () => {
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      action();
    };
    socket.once('error', (error) => (isSystemError(error, 'EINVAL') ? settle(resolve)() : settle(() => reject(error))()));
    socket.once('end', settle(resolve));
    socket.resume();
  });
}

async function endedByProc(pid: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  const first = await startTime(pid);
  while (first !== undefined && (await startTime(pid)) === first) await clock.sleep(FALLBACK_INTERVAL_MS, signal);
}

async function startTime(pid: number): Promise<string | undefined> {
  try {
    return parseStartTime(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return undefined;
    throw error;
  }
}

/** Field 22 of proc_pid_stat(5); undefined for a process that has ended and waits for its parent. The name in field 2 may hold anything. */
export function parseStartTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}
