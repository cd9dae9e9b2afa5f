import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say } from '../terminal.ts';
import { type DockerClient, DockerError, nameInPath } from './client.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { forEach } from '../each.ts';

/** Where things of each type are told, in the order in which a name is looked for. */
const PATHS: Readonly<Record<string, (name: string) => string>> = {
  container: (name) => `/containers/${encodeURIComponent(name)}/json`,
  image: (name) => `/images/${nameInPath(name)}/json`,
  network: (name) => `/networks/${encodeURIComponent(name)}`,
  volume: (name) => `/volumes/${encodeURIComponent(name)}`,
};

export const inspect: Command = {
  usage: `inspect [--type container|image|network|volume] ${DOCKER_USAGE} NAME...`,
  async run(commandArguments, terminal) {
    const options = { type: { type: 'string' }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    if (positionals.length === 0) throw new UsageError('Cannot inspect nothing: gantry inspect NAME...');
    if (values.type !== undefined && PATHS[values.type] === undefined)
      throw new UsageError(`Cannot inspect by type "${values.type}": the types are ${Object.keys(PATHS).join(', ')}`);
    const client = await connectDocker(values, terminal);
    const found: object[] = [];
    const status = await forEach(positionals, terminal, async (name) => void found.push(await find(client, name, values.type)));
    say(terminal, JSON.stringify(found, null, 4));
    return status;
  },
};

async function find(client: DockerClient, name: string, type: string | undefined): Promise<object> {
  for (const [kind, pathOf] of Object.entries(PATHS)) {
    if (type !== undefined && type !== kind) continue;
    try {
      return await client.json<object>({ method: 'GET', path: pathOf(name) });
    } catch (error) {
      // Names that are none for one type (400) may be right for the next.
      if (!(error instanceof DockerError && (error.status === 404 || (error.status === 400 && type === undefined)))) throw error;
    }
  }
  throw new CommandError(`No such ${type ?? 'object'}: ${name}`);
}
