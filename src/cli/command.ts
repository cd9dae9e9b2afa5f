import type { Terminal } from './terminal.ts';

/** One command of `gantry`: takes what follows its name, answers the exit status. */
export interface Command {
  readonly usage: string;
  /** Where `--help` may be meant for another program: whether it is asked of this command. Without it, anywhere before `--`. */
  asksHelp?(commandArguments: readonly string[]): boolean;
  run(commandArguments: readonly string[], terminal: Terminal): Promise<number>;
}
