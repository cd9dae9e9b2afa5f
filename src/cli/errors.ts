import { GantryError } from '#kit';

/** The command line itself can't be understood; exit status 2. */
export class UsageError extends GantryError {
  constructor(message: string) {
    super('USAGE', 400, message);
  }
}
/** A command that was understood and did not succeed; its words are printed, with this exit status. */
export class CommandError extends GantryError {
  readonly exitStatus: number;
  constructor(message: string, exitStatus = 1, options?: { cause?: unknown }) {
    super('COMMAND_FAILED', 500, message, options);
    this.exitStatus = exitStatus;
  }
}
