import { isSystemError } from '#kit';
import { CommandError } from './errors.ts';

/** Options that say which daemon is meant, as given to `up`. */
export const DAEMON_OPTIONS = { 'data-dir': { type: 'string' }, 'run-dir': { type: 'string' } } as const;
export interface DaemonValues {
  readonly 'data-dir'?: string | undefined;
  readonly 'run-dir'?: string | undefined;
}
type Status = Awaited<ReturnType<typeof import('#daemon')['findStatus']>>;

/** Whether the command line names a daemon: then it is asked before the environment is. */
export function namesDaemon(values: DaemonValues): boolean {
  return values['data-dir'] !== undefined || values['run-dir'] !== undefined;
}

/** What the daemon that is meant says; undefined when none answers. Errors: `COMMAND_FAILED` when it may not be asked. */
export async function askDaemon(values: DaemonValues): Promise<Status> {
  const daemon = await import('#daemon');
  try {
    return await daemon.findStatus({ dataDir: values['data-dir'], runDir: values['run-dir'] });
  } catch (error) {
    if (isSystemError(error, 'EACCES'))
      throw new CommandError('Cannot ask the daemon where its sockets are: only its own user may. Run this command as that user');
    throw error;
  }
}
