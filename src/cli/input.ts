import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { isSystemError } from '#kit';
import { CommandError } from './errors.ts';
import type { Terminal } from './terminal.ts';

/** The bytes of a file, or for `-` of standard input. Errors: `COMMAND_FAILED` where there is no such file. */
export async function openInput(path: string, terminal: Terminal): Promise<Readable> {
  if (path === '-') return terminal.stdin;
  try {
    return (await open(path)).createReadStream();
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'EACCES'))
      throw new CommandError(`Cannot read ${path}: ${error.code === 'ENOENT' ? 'there is no such file' : 'permission denied'}`, 1, { cause: error });
    throw error;
  }
}
