import type { Command } from '../command.ts';
import { messageOf, systemClock } from '#kit';
import { UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import { parseOptions } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { type BuildArguments, checkAfterwards, checkBeforehand, checkOnly } from './build-check.ts';
import { progressOf, showBuild } from './build-progress.ts';
import { parseOutput, writeOutput } from './build-output.ts';
import { extensionHeader, readSecrets } from './build-secrets.ts';
import { agentsOf } from './build-ssh.ts';
import { attestOptions, withAttestValues } from './build-attest.ts';
import { buildSource, type BuildSource } from './build-source.ts';
import type { DockerClient, Query } from './client.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';
import { buildLoginHeader } from './credentials.ts';
import type { ProgressLine } from './progress.ts';
import { nowhere } from './pull.ts';
import { pushImage } from './push.ts';
import { runInteractive } from './run.ts';
import { labelsOf } from './run-options.ts';
import { parseBytes } from './sizes.ts';

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
  'no-cache-filter': texts,
  pull: flag,
  quiet: { ...flag, short: 'q' },
  platform: text,
  network: text,
  'add-host': texts,
  memory: { ...text, short: 'm' },
  'shm-size': text,
  ulimit: texts,
  'cache-from': texts,
  'cache-to': texts,
  secret: texts,
  ssh: texts,
  allow: texts,
  output: { ...text, short: 'o' },
  sbom: text,
  provenance: text,
  attest: texts,
  debug: flag,
  check: flag,
  format: text,
  progress: text,
  ...DOCKER_OPTIONS,
} as const;

export const build: Command = {
  usage:
    'build [-t NAME[:TAG]]... [-f FILE] [--build-arg NAME[=VALUE]]... [--label NAME=VALUE]... [--target STAGE] [--no-cache] [--no-cache-filter STAGE]... [--pull] [-q]\n' +
    '       [--secret id=NAME,src=FILE|env=NAME]... [--ssh default|ID=SOCKET]... [--allow security.insecure] [--cache-from IMAGE]... [--cache-to type=registry,ref=NAME[,mode=max]|type=inline]... [-o DIR|type=TYPE,dest=PATH] [--debug]\n' +
    '       [--sbom[=BOOL]] [--provenance[=BOOL|mode=min|max]] [--attest type=sbom|provenance[,mode=min|max]]...\n' +
    '       [--platform OS/ARCH] [--network N] [--add-host NAME:IP]... [-m SIZE] [--shm-size SIZE] [--ulimit NAME=SOFT[:HARD]]...\n' +
    `       [--check [--format json]] [--progress auto|plain|tty|quiet|rawjson] ${DOCKER_USAGE} PATH|-`,
  async run(commandArguments, terminal) {
    const { values, positionals } = parse(withAttestValues(commandArguments));
    const [path, ...more] = positionals;
    if (path === undefined || more.length > 0) throw new UsageError('Cannot build without one context: gantry build PATH, or - for standard input');
    refuseUnknown(values);
    const attested = attestOptions(values);
    const output = parseOutput(values.output);
    const names = output.kind === 'image' ? [...values.tag, ...output.names] : values.tag;
    if (output.kind === 'image' && output.push && names.length === 0)
      throw new UsageError('Cannot push an image without a name: give it by -t NAME, or by name=NAME in --output');
    const secrets = await readSecrets(values.secret, terminal.environment);
    const client = await connectDocker(values, terminal);
    const isRemote = /^(?:https?|git|ssh):\/\/|^git@/.test(path);
    const { tar, dockerfile, text: written }: Partial<BuildSource> = isRemote ? { dockerfile: values.file } : await buildSource(path, values.file, terminal);
    const buildArgs = buildArguments(values['build-arg'], terminal.environment);
    const checking = { buildArgs, target: values.target };
    if (values.check) return checkOnly(client, written, values.format, { ...checking, terminal });
    if (written) await checkBeforehand(client, written, checking);
    // What is written to standard output must stand there alone.
    const told = output.kind === 'archive' && output.path === '-' ? terminal.stderr : terminal.stdout;
    const progress = values.quiet ? 'quiet' : progressOf(values.progress, told, terminal);
    const query = {
      ...(isRemote ? { remote: path } : {}),
      dockerfile,
      ...queryOf(values, buildArgs),
      t: names,
      q: progress === 'quiet',
      ...('compression' in output ? output.compression : {}),
    };
    const extensions = extensionHeader({
      ...attested,
      secrets,
      sshAgents: agentsOf(values.ssh, terminal.environment),
      allowInsecure: values.allow.length > 0,
      keepFailed: values.debug,
      noCacheStages: values['no-cache-filter'].flatMap((names) => names.split(',')),
      stepEvents: progress === 'live' || progress === 'rawjson',
    });
    const headers = { ...(await buildLoginHeader(terminal.environment)), ...extensions };
    const stream = tar === undefined ? {} : { stream: { content: tar(), type: 'application/x-tar' } };
    const lines = client.lines<ProgressLine>({ method: 'POST', path: '/build', query, headers, ...stream });
    const seen: BuiltIds = {};
    try {
      await showBuild(noting(lines, seen), told, { progress, clock: systemClock });
    } catch (error) {
      if (values.debug && seen.failedStep !== undefined) await openShell(client, seen.failedStep, messageOf(error), terminal);
      throw error;
    }
    if (written && (progress === 'plain' || progress === 'live')) await write(terminal.stderr, await checkAfterwards(client, written, checking));
    if (seen.image !== undefined) await writeOutput(client, output, { id: seen.image, named: names.length > 0 }, terminal);
    if (output.kind === 'image' && output.push) for (const name of names) await pushImage(client, name, terminal, progress === 'quiet' ? nowhere() : told);
    return 0;
  },
};

const parse = (commandArguments: readonly string[]) => parseOptions({ args: [...commandArguments], options: OPTIONS, allowPositionals: true });
type Values = ReturnType<typeof parse>['values'];

/** The options that the server is told, in its words. Errors: `USAGE`. */
function queryOf(values: Values, buildArgs: BuildArguments): Query {
  return {
    platform: values.platform,
    networkmode: values.network,
    extrahosts: values['add-host'],
    memory: values.memory === undefined ? undefined : parseBytes('--memory', values.memory),
    shmsize: values['shm-size'] === undefined ? undefined : parseBytes('--shm-size', values['shm-size']),
    ulimits: values.ulimit.length === 0 ? undefined : JSON.stringify(values.ulimit.map(parseUlimit)),
    cachefrom: values['cache-from'].length === 0 ? undefined : JSON.stringify(values['cache-from']),
    cacheto: values['cache-to'].length === 0 ? undefined : JSON.stringify(values['cache-to']),
    buildargs: JSON.stringify(buildArgs),
    labels: JSON.stringify(labelsOf(values.label)),
    target: values.target,
    nocache: values['no-cache'],
    pull: values.pull,
  };
}

/** Errors: `USAGE` for what is asked for in vain. */
function refuseUnknown(values: Values): void {
  if (values.format !== undefined && (!values.check || !['json', 'text'].includes(values.format)))
    throw new UsageError(`Cannot take "${values.format}" for --format: it is json or text, and goes with --check`);
  const unknown = values.allow.find((name) => name !== 'security.insecure');
  if (unknown !== undefined)
    throw new UsageError(`Cannot take "${unknown}" for --allow: only security.insecure is asked for (RUN --network=host needs no leave)`);
}

interface BuiltIds {
  image?: string;
  failedStep?: string;
}

/** Passes the lines on and notes what they say of images. */
async function* noting(lines: AsyncIterable<ProgressLine>, seen: BuiltIds): AsyncGenerator<ProgressLine> {
  for await (const line of lines) {
    const { ID, FailedStep } = (line.aux ?? {}) as { ID?: string; FailedStep?: string }; // as the server writes it
    if (ID !== undefined) seen.image = ID;
    if (FailedStep !== undefined) seen.failedStep = FailedStep;
    yield line;
  }
}

/** A shell among the files of the step that failed, as it left them; they go when it ends. */
async function openShell(client: DockerClient, image: string, failure: string, terminal: Terminal): Promise<void> {
  terminal.stderr.write(`${failure}\nA shell in the failed step follows; leave it with "exit".\n`);
  const isTerminal = terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
  const body = {
    Image: image,
    Entrypoint: ['/bin/sh'],
    Tty: isTerminal,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  };
  try {
    await runInteractive(client, body, { tty: isTerminal }, terminal);
  } finally {
    await client.done({ method: 'DELETE', path: `/images/${image}`, query: { force: true } });
  }
}

/** `NAME=SOFT[:HARD]`. Errors: `USAGE`. */
export function parseUlimit(text: string): { readonly Name: string; readonly Soft: number; readonly Hard: number } {
  const match = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text);
  if (!match) throw new UsageError(`Cannot take "${text}" for --ulimit: write NAME=SOFT[:HARD], such as nofile=1024:2048`);
  return { Name: match[1] ?? '', Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
}

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
