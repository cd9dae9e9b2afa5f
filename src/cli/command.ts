import type { Terminal } from './terminal.ts';

/** One command of `gantry`: takes what follows its name, answers the exit status. */
export interface Command {
  readonly usage: string;
  run(commandArguments: readonly string[], terminal: Terminal): Promise<number>;
}
