import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { parseOptions } from '../options.ts';
import { buildSource } from './build-source.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { buildLoginHeader } from './credentials.ts';
import { type ProgressLine, showProgress } from './progress.ts';
import { labelsOf } from './run-options.ts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true, default: [] as string[] } as const;
const flag = { type: 'boolean', default: false } as const;
const OPTIONS = {
  tag: { ...texts, short: 't' },
  file: { ...text, short: 'f' },
  'build-arg': texts,
  label: texts,
  target: text,
  'no-cache': flag,
  pull: flag,
  quiet: { ...flag, short: 'q' },
  ...DOCKER_OPTIONS,
} as const;

export const build: Command = {
  usage:
    'build [-t NAME[:TAG]]... [-f FILE] [--build-arg NAME[=VALUE]]... [--label NAME=VALUE]... [--target STAGE] [--no-cache] [--pull] [-q]\n' +
    `       ${DOCKER_USAGE} PATH|-`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError('Cannot build without one context: gantry build PATH, or - for standard input');
    const client = await connectDocker(values, terminal);
    const { tar, dockerfile } = await buildSource(path, values.file, terminal);
    const query = {
      t: values.tag,
      dockerfile,
      buildargs: JSON.stringify(buildArguments(values['build-arg'], terminal.environment)),
      labels: JSON.stringify(labelsOf(values.label)),
      target: values.target,
      nocache: values['no-cache'],
      pull: values.pull,
      q: values.quiet,
    };
    const headers = await buildLoginHeader(terminal.environment);
    const stream = { content: tar, type: 'application/x-tar' };
    const lines = client.lines<ProgressLine>({ method: 'POST', path: '/build', query, headers, stream });
    await showProgress(lines, terminal.stdout);
    return 0;
  },
};

/** `NAME=VALUE`, or `NAME` for the value that this process has; null leaves it to the Dockerfile. Errors: `USAGE`. */
export function buildArguments(given: readonly string[], environment: NodeJS.ProcessEnv): Readonly<Record<string, string | null>> {
  return Object.fromEntries(
    given.map((argument) => {
      const at = argument.indexOf('=');
      const name = at < 0 ? argument : argument.slice(0, at);
      if (name === '') throw new UsageError(`Cannot take "${argument}" for --build-arg: write NAME=VALUE, or NAME to pass on its value`);
      return [name, at < 0 ? (environment[name] ?? null) : argument.slice(at + 1)];
    }),
  );
}
