import { GantryError, isSystemError } from '#kit';
import { COMMANDS, helpText } from './commands.ts';
import { CommandError, UsageError } from './errors.ts';
import type { Terminal } from './terminal.ts';

const terminal: Terminal = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, environment: process.env, signals: process };

/** Runs the command that the arguments name; answers the exit status. */
async function main(commandArguments: readonly string[]): Promise<number> {
  const [name, ...rest] = commandArguments;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    terminal.stdout.write(helpText());
    return 0;
  }
  const load = COMMANDS[name === '--version' ? 'version' : name]?.load;
  if (load === undefined) throw new UsageError(`"${name}" is not a command of gantry. See "gantry help"`);
  const command = await load();
  if (command.asksHelp?.(rest) ?? beforeTerminator(rest).includes('--help')) {
    terminal.stdout.write(`usage: gantry ${command.usage}\n`);
    return 0;
  }
  return command.run(rest, terminal);
}

function beforeTerminator(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--');
  return end < 0 ? words : words.slice(0, end);
}

// Whoever read the output has gone, as `head` does: then there is nothing more to do, with the status that a shell gives SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const broken = isSystemError(error, 'ECONNRESET');
    if (!(error instanceof GantryError) && !broken) throw error;
    terminal.stderr.write(`gantry: ${broken ? 'The daemon broke off the connection; see its log' : error.message}\n`);
    process.exitCode = error instanceof UsageError ? 2 : error instanceof CommandError ? error.exitStatus : 1;
  },
);
