import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { openInput } from '../input.ts';
import { parseOptions } from '../options.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { type ProgressLine, showProgress } from './progress.ts';

export const importTar: Command = {
  usage: `import [-c INSTRUCTION] [-m MESSAGE] ${DOCKER_USAGE} FILE|- [NAME[:TAG]]`,
  async run(commandArguments, terminal) {
    const options = { change: { type: 'string', short: 'c', multiple: true }, message: { type: 'string', short: 'm' }, ...DOCKER_OPTIONS } as const;
    const { values, positionals } = parseOptions({ args: [...commandArguments], options, allowPositionals: true });
    const [file, name, ...more] = positionals;
    if (file === undefined || more.length > 0) throw new UsageError('Cannot import without a file: gantry import FILE|- [NAME]');
    const client = await connectDocker(values, terminal);
    const content = await openInput(file, terminal);
    const query = { fromSrc: '-', repo: name, message: values.message, changes: values.change };
    const stream = { content, type: 'application/x-tar' };
    await showProgress(client.lines<ProgressLine>({ method: 'POST', path: '/images/create', query, stream }), terminal.stdout);
    return 0;
  },
};
