import { readFile } from 'node:fs/promises';
import { isSystemError } from '#kit';
import { CommandError, UsageError } from '../errors.ts';

/** `NAME=VALUE`, or `NAME` for the value that this process has; a NAME without any value is left out. */
export function environmentEntries(texts: readonly string[], own: NodeJS.ProcessEnv): readonly string[] {
  return texts.flatMap((text) => {
    const name = text.split('=')[0] ?? '';
    if (name === '' || /\s/.test(name)) throw new UsageError(`Cannot set the variable "${text}": write NAME=VALUE, or NAME to pass on its value`);
    if (text.includes('=')) return [text];
    const value = own[name];
    return value === undefined ? [] : [`${name}=${value}`];
  });
}

/** The entries of files of `--env-file`: one a line, `#` begins a comment line. Errors: `COMMAND_FAILED`, `USAGE`. */
export async function readEnvironmentFiles(paths: readonly string[], own: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const entries: string[] = [];
  for (const path of paths) entries.push(...environmentEntries(linesOf(await readText(path)), own));
  return entries;
}

function linesOf(text: string): readonly string[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw new CommandError(`Cannot read the environment file ${path}: there is no such file`, 1, { cause: error });
    throw error;
  }
}
