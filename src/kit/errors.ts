/**
 * The base of every error that the world, not a programmer, is to blame for. `code` names the case for programs,
 * `status` is the HTTP status that an interface answers with, the message says action, value, state and what to do.
 */
export class GantryError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.status = status;
  }
}

const DISK_FULL = /^(?:ENOSPC|EDQUOT): /;

/** The words of whatever was thrown; of a full disk with what to do about it. */
export function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return DISK_FULL.test(message) ? `no space left on the disk (${message}): free some, for example with "docker system prune", then try again` : message;
}

/** Narrows a thrown value to a system error with that code (`ENOENT`, …). */
export function isSystemError(thrown: unknown, code: string): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code;
}

/** For the default branch of an exhaustive switch: a value here is a programmer's mistake. */
export function unreachable(value: never): never {
  throw new TypeError(`unreachable value ${JSON.stringify(value)}`);
}
