import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say } from '../terminal.ts';
import { nameInPath } from './client.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { forEach } from '../each.ts';

interface Removal {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

export const rmi: Command = {
  usage: `rmi [-f] ${DOCKER_USAGE} IMAGE...`,
  async run(commandArguments, terminal) {
    const options = { force: { type: 'boolean', short: 'f', default: false }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot remove nothing: gantry rmi IMAGE...');
    const client = await connectDocker(values, terminal);
    return forEach(positionals, terminal, async (name) => {
      const removals = await client.json<readonly Removal[]>({ method: 'DELETE', path: `/images/${nameInPath(name)}`, query: { force: values.force } });
      for (const { Untagged, Deleted } of removals) say(terminal, Untagged === undefined ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`);
    });
  },
};
