import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import { parseOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { askForCheck, askForCheckMaybe, type CheckAnswer, checkJson, checkReport, findingList, refuseFindings } from './build-check.ts';
import { buildSource, type DockerfileSource } from './build-source.ts';
import type { DockerClient } from './client.ts';
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
  check: flag,
  format: text,
  ...DOCKER_OPTIONS,
} as const;

export const build: Command = {
  usage:
    'build [-t NAME[:TAG]]... [-f FILE] [--build-arg NAME[=VALUE]]... [--label NAME=VALUE]... [--target STAGE] [--no-cache] [--pull] [-q]\n' +
    `       [--check [--format json]] ${DOCKER_USAGE} PATH|-`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError('Cannot build without one context: gantry build PATH, or - for standard input');
    if (values.format !== undefined && (!values.check || !['json', 'text'].includes(values.format)))
      throw new UsageError(`Cannot take "${values.format}" for --format: it is json or text, and goes with --check`);
    const client = await connectDocker(values, terminal);
    const buildArgs = buildArguments(values['build-arg'], terminal.environment);
    const source = await buildSource(path, values.file, terminal);
    if (values.check) return checkOnly(client, source.text, values.format, { buildArgs, terminal });
    const checked = source.text && (await checkBeforehand(client, source.text, buildArgs));
    const query = {
      t: values.tag,
      dockerfile: source.dockerfile,
      buildargs: JSON.stringify(buildArgs),
      labels: JSON.stringify(labelsOf(values.label)),
      target: values.target,
      nocache: values['no-cache'],
      pull: values.pull,
      q: values.quiet,
    };
    const headers = await buildLoginHeader(terminal.environment);
    const stream = { content: source.tar(), type: 'application/x-tar' };
    const lines = client.lines<ProgressLine>({ method: 'POST', path: '/build', query, headers, stream });
    await showProgress(lines, terminal.stdout);
    if (checked && !values.quiet) await write(terminal.stderr, findingList(checked));
    return 0;
  },
};

/** `--check`: exit status 1 when something was found, as docker has it. Errors: `USAGE` without a Dockerfile to read. */
async function checkOnly(
  client: DockerClient,
  source: DockerfileSource | undefined,
  format: string | undefined,
  { buildArgs, terminal }: { readonly buildArgs: BuildArguments; readonly terminal: Terminal },
): Promise<number> {
  if (source === undefined) throw new UsageError('Cannot check an archive from standard input: name the folder, or send the Dockerfile alone');
  const answer = await askForCheck(client, source, buildArgs);
  await write(terminal.stdout, format === 'json' ? checkJson(source, answer) : checkReport(source, answer));
  return answer.Findings.length > 0 || answer.Mistake !== undefined ? 1 : 0;
}

/** What is shown when the build has ended. A file that does not read is the build's to refuse. Errors: `COMMAND_FAILED`. */
async function checkBeforehand(client: DockerClient, source: DockerfileSource, buildArgs: BuildArguments): Promise<CheckAnswer | undefined> {
  const answer = await askForCheckMaybe(client, source, buildArgs);
  if (answer === undefined || answer.Mistake !== undefined) return undefined;
  refuseFindings(answer);
  return answer;
}

type BuildArguments = Readonly<Record<string, string | null>>;

/** `NAME=VALUE`, or `NAME` for the value that this process has; null leaves it to the Dockerfile. Errors: `USAGE`. */
export function buildArguments(given: readonly string[], environment: NodeJS.ProcessEnv): BuildArguments {
  return Object.fromEntries(
    given.map((argument) => {
      const at = argument.indexOf('=');
      const name = at < 0 ? argument : argument.slice(0, at);
      if (name === '') throw new UsageError(`Cannot take "${argument}" for --build-arg: write NAME=VALUE, or NAME to pass on its value`);
      return [name, at < 0 ? (environment[name] ?? null) : argument.slice(at + 1)];
    }),
  );
}
