import { systemClock } from '#kit';
import { askDaemon } from '../daemon-status.ts';
import type { Command } from '../command.ts';
import { ago } from '../docker/ago.ts';
import { formatBytes } from '../docker/sizes.ts';
import { CommandError, UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, table } from '../terminal.ts';
import { openClient, REGISTRY_OPTIONS, type RegistryClient } from './client.ts';
import { loginOf } from '../logins.ts';

export const ls: Command = {
  usage: 'ls [--json] [--data-dir D] [--run-dir R] [REGISTRY[/REPOSITORY]]',
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: REGISTRY_OPTIONS, allowPositionals: true });
    const [given, ...more] = positionals;
    if (more.length > 0) throw new UsageError('Cannot list more than one registry: gantry registry ls [REGISTRY[/REPOSITORY]]');
    const place = given ?? (await askDaemon(values))?.registry;
    if (place === undefined) throw new CommandError('No daemon with a registry answers: name a registry, or start one with "gantry up --detach"');
    using client = await openClient(values, terminal);
    const { registry, repository } = split(place);
    const auth = await loginOf(registry, terminal.environment);
    if (repository === undefined) {
      const names = await client.catalogue(registry, auth);
      say(terminal, values.json ? JSON.stringify(names) : ['REPOSITORY', ...names].join('\n'));
      return 0;
    }
    const tags = await tagsOf(client, registry, repository, auth);
    if (values.json) say(terminal, JSON.stringify(tags));
    else {
      const age = (created: string | undefined) => (created === undefined ? '' : ago(Date.parse(created) / 1_000, systemClock.now()));
      const rows = tags.map(({ tag, digest, size_bytes, created }) => [tag, digest, formatBytes(size_bytes), age(created)]);
      say(terminal, table(['TAG', 'DIGEST', 'SIZE', 'CREATED'], rows));
    }
    return 0;
  },
};

/** The registry is what stands before the first slash, whatever it looks like. */
function split(place: string): { readonly registry: string; readonly repository: string | undefined } {
  const [registry = '', ...rest] = place.replace(/^https?:\/\//, '').split('/');
  const repository = rest.join('/');
  return { registry, repository: repository === '' ? undefined : repository };
}

async function tagsOf(client: RegistryClient, registry: string, name: string, auth: Awaited<ReturnType<typeof loginOf>>) {
  const repository = client.repository(client.parse(`${registry}/${name}`), 'pull', auth);
  const found = [];
  for (const tag of [...(await repository.tags())].sort()) found.push({ tag, ...(await client.summarize(repository, tag)) });
  return found;
}
