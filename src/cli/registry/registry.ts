import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { copy } from './copy.ts';
import { gc } from './gc.ts';
import { inspect } from './inspect.ts';
import { ls } from './ls.ts';
import { rm } from './rm.ts';

const COMMANDS: Readonly<Record<string, Command>> = { ls, inspect, rm, copy, gc };

export const registry: Command = {
  usage:
    `${Object.values(COMMANDS)
      .map(({ usage }) => `registry ${usage}`)
      .join('\n       gantry ')}\n` +
    '       REF is a name as docker writes it: 127.0.0.1:5000/team/app:1.0. Logins are those of docker login.\n' +
    '       Without REGISTRY, ls asks the registry of the daemon that runs here.',
  async run(commandArguments, terminal) {
    const [name = '', ...rest] = commandArguments;
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) throw new UsageError(`"${name}" is nothing that gantry registry does: it is one of ${Object.keys(COMMANDS).join(', ')}`);
    return command.run(rest, terminal);
  },
};
