import type { Writable } from 'node:stream';
import { CommandError } from '../errors.ts';
import { write } from '../interact.ts';

/** One line of a pull, push, import or build. */
export interface ProgressLine {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message?: string };
  readonly aux?: object;
}

/**
 * Writes what a pull, push or build says, one line for each step of each part. Errors: `COMMAND_FAILED` with the server's words and, of
 * a build's command, its exit status.
 */
export async function showProgress(lines: AsyncIterable<ProgressLine>, target: Writable): Promise<void> {
  const shown = new Map<string, string>();
  for await (const line of lines) {
    const failure = line.errorDetail?.message ?? line.error;
    if (failure !== undefined) throw new CommandError(failure, line.errorDetail?.code || 1);
    if (line.stream !== undefined) await write(target, line.stream);
    const { id, status } = line;
    if (status === undefined || (id !== undefined && shown.get(id) === status)) continue;
    // Of a part's bytes only the beginning and the end are told.
    if (id !== undefined) shown.set(id, status);
    await write(target, id === undefined ? `${status}\n` : `${id}: ${status}\n`);
  }
}
