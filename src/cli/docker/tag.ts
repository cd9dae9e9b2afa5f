import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { nameInPath } from './client.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { splitReference } from './reference.ts';

export const tag: Command = {
  usage: `tag ${DOCKER_USAGE} IMAGE NEW_NAME[:TAG]`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: DOCKER_OPTIONS, allowPositionals: true });
    const [image, target, ...more] = positionals;
    if (image === undefined || target === undefined || more.length > 0) throw new UsageError('Cannot name an image: gantry tag IMAGE NEW_NAME[:TAG]');
    if (target.includes('@')) throw new UsageError(`Cannot name an image "${target}": a name has no digest`);
    const { name, tag: word = 'latest' } = splitReference(target);
    const client = await connectDocker(values, terminal);
    await client.done({ method: 'POST', path: `/images/${nameInPath(image)}/tag`, query: { repo: name, tag: word } });
    return 0;
  },
};
