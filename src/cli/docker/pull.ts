import { Writable } from 'node:stream';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say } from '../terminal.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { pullImage } from './pull-image.ts';

/** Where the progress of a quiet transfer goes. */
export const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

export const pull: Command = {
  usage: `pull [-q] ${DOCKER_USAGE} IMAGE[:TAG|@DIGEST]`,
  async run(commandArguments, terminal) {
    const options = { quiet: { type: 'boolean', short: 'q', default: false }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    const [image, ...more] = positionals;
    if (image === undefined || more.length > 0) throw new UsageError('Cannot pull that many images at once: gantry pull IMAGE');
    const client = await connectDocker(values, terminal);
    await pullImage(client, image, terminal, values.quiet ? nowhere() : terminal.stdout);
    if (values.quiet) say(terminal, image);
    return 0;
  },
};
