import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions, wholeNumber } from '../options.ts';
import { say } from '../terminal.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { forEach } from '../each.ts';

export const stop: Command = {
  usage: `stop [-t SECONDS] [-s SIGNAL] ${DOCKER_USAGE} CONTAINER...`,
  async run(commandArguments, terminal) {
    const options = { time: { type: 'string', short: 't' }, signal: { type: 'string', short: 's' }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot stop nothing: gantry stop CONTAINER...');
    const query = { t: wholeNumber('--time', values.time), signal: values.signal };
    const client = await connectDocker(values, terminal);
    return forEach(positionals, terminal, async (name) => {
      await client.done({ method: 'POST', path: `/containers/${encodeURIComponent(name)}/stop`, query });
      say(terminal, name);
    });
  },
};
