import type { Command } from '../command.ts';
import { forEach } from '../each.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { DAEMON_OPTIONS } from '../daemon-status.ts';
import { say } from '../terminal.ts';
import { manifestIn, openClient } from './client.ts';
import { loginOf } from '../logins.ts';

export const rm: Command = {
  usage: 'rm [--data-dir D] [--run-dir R] REF...',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: DAEMON_OPTIONS, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot tell what to remove: gantry registry rm REF...');
    // Without a tag a name would mean "latest", which nobody wrote.
    const bare = positionals.find((name) => !/[@:][^/]*$/.test(name));
    if (bare !== undefined) throw new UsageError(`Cannot remove "${bare}": say which tag or digest of it, such as ${bare}:1.0`);
    using client = await openClient(values, terminal);
    return forEach(positionals, terminal, async (name) => {
      const reference = client.parse(name);
      await client.repository(reference, 'pull,push,delete', await loginOf(reference.registry, terminal.environment)).remove(manifestIn(reference));
      say(terminal, `Removed ${name}`);
    });
  },
};
