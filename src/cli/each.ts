import { GantryError } from '#kit';
import type { Terminal } from './terminal.ts';

/** Does the same to each of several things; what fails is told and the others go on. Answers the exit status. */
export async function forEach<T>(things: readonly T[], terminal: Terminal, act: (thing: T) => Promise<void>): Promise<number> {
  let status = 0;
  for (const thing of things) {
    try {
      await act(thing);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      terminal.stderr.write(`gantry: ${error.message}\n`);
      status = 1;
    }
  }
  return status;
}
