import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say } from '../terminal.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { forEach } from '../each.ts';

const flag = { type: 'boolean', default: false } as const;

export const rm: Command = {
  usage: `rm [-f] [-v] ${DOCKER_USAGE} CONTAINER...`,
  async run(commandArguments, terminal) {
    const options = { force: { ...flag, short: 'f' }, volumes: { ...flag, short: 'v' }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot remove nothing: gantry rm CONTAINER...');
    const client = await connectDocker(values, terminal);
    return forEach(positionals, terminal, async (name) => {
      await client.done({ method: 'DELETE', path: `/containers/${encodeURIComponent(name)}`, query: { force: values.force, v: values.volumes } });
      say(terminal, name);
    });
  },
};
