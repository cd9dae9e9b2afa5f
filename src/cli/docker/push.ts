import type { Writable } from 'node:stream';
import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { type DockerClient, nameInPath } from './client.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { loginHeader } from './credentials.ts';
import { type ProgressLine, showProgress } from './progress.ts';
import { nowhere } from './pull.ts';
import { splitReference } from './reference.ts';

export const push: Command = {
  usage: `push [-q] ${DOCKER_USAGE} IMAGE[:TAG]`,
  async run(commandArguments, terminal) {
    const options = { quiet: { type: 'boolean', short: 'q', default: false }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    const [image, ...more] = positionals;
    if (image === undefined || more.length > 0) throw new UsageError('Cannot push that many images at once: gantry push IMAGE');
    if (image.includes('@')) throw new UsageError(`Cannot push "${image}": name it by its tag, not by a digest`);
    const client = await connectDocker(values, terminal);
    await pushImage(client, image, terminal, values.quiet ? nowhere() : terminal.stdout);
    if (values.quiet) say(terminal, image);
    return 0;
  },
};

/** Pushes a name with the credentials that docker has for it. Errors: `COMMAND_FAILED`, `DOCKER`. */
export async function pushImage(client: DockerClient, image: string, terminal: Terminal, target: Writable): Promise<void> {
  const { name, tag = 'latest' } = splitReference(image);
  const headers = await loginHeader(name, terminal.environment);
  const lines = client.lines<ProgressLine>({ method: 'POST', path: `/images/${nameInPath(name)}/push`, query: { tag }, headers });
  await showProgress(lines, target);
}
