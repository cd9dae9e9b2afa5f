import { getSystemErrorMessage } from 'node:util';
import { GantryError } from '#kit';
import { SystemCallError } from '#linux';
import { diskFull, tarInvalid, unpackFailed } from '../errors.ts';
import { shown } from './names.ts';

const NO_SPACE: readonly string[] = ['ENOSPC', 'EDQUOT'];
/** By these the kernel refuses what an archive asks for; by all others it tells of the machine's own trouble. */
const ASKED_TOO_MUCH: readonly string[] = [
  'E2BIG',
  'EEXIST',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'EMLINK',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'ENOTEMPTY',
  'EOPNOTSUPP',
  'EPERM',
  'ERANGE',
];

/** What becomes of an error that stopped an entry: the kernel's own words, and which entry it was. */
export function entryRefused(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  if (NO_SPACE.includes(code)) return diskFull(shown(path), error);
  const problem = `entry ${shown(path)} cannot be made here: ${wordsOf(error)}`;
  return ASKED_TOO_MUCH.includes(code) ? tarInvalid(problem, error) : unpackFailed(problem, error);
}

/** The same of an attribute: file systems have room for few, and say then that there is no space. */
export function attributeRefused(path: string, name: string, error: unknown): unknown {
  return codeOf(error) === undefined ? error : tarInvalid(`the attribute ${shown(name)} of entry ${shown(path)} cannot be set here: ${wordsOf(error)}`, error);
}

/** The kernel's words without the path, which is one of this machine and may be long. */
function wordsOf(error: unknown): string {
  if (error instanceof SystemCallError) return `${error.errnoName}: ${getSystemErrorMessage(-error.errno)}`;
  return error instanceof Error ? error.message.replace(/, .*$/s, '') : String(error);
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof SystemCallError) return error.errnoName;
  if (error instanceof GantryError || !(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  return String(error.code);
}
