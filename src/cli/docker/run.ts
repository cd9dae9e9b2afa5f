import type { Command } from '../command.ts';
import { CommandError, UsageError } from '../errors.ts';
import { interact } from '../interact.ts';
import { parseOptions, splitCommand } from '../options.ts';
import { say, type Terminal } from '../terminal.ts';
import { type DockerClient, DockerError } from './client.ts';
import { connectDocker, DOCKER_USAGE } from './connect.ts';
import { environmentEntries, readEnvironmentFiles } from './environment.ts';
import { readJson } from './json-lines.ts';
import { hijackedProcess } from './process.ts';
import { pullImage } from './pull-image.ts';
import { createBody, RUN_OPTIONS, type RunValues } from './run-options.ts';
import { forwardSignals, needTerminal, windowSize } from './session.ts';

/** What docker itself ends with when it, not the container, failed. */
const ENGINE_FAILED = 125;

export const run: Command = {
  usage:
    'run [-d] [--rm] [-i] [-t] [--name N] [-p [[IP:]HOST:]PORT] [-v SOURCE:/TARGET[:ro]] [-e NAME[=VALUE]] [--env-file FILE]\n' +
    '       [-w DIR] [-u USER] [-h HOSTNAME] [--network N] [-m SIZE] [--cpus N] [--entrypoint PROGRAM] [--restart POLICY] [-l LABEL]\n' +
    `       [--privileged] [--read-only] ${DOCKER_USAGE} IMAGE [COMMAND [ARGUMENT...]]`,
  asksHelp: (commandArguments) => splitCommand(commandArguments, RUN_OPTIONS).own.includes('--help'),
  async run(commandArguments, terminal) {
    const { own, operands } = splitCommand(commandArguments, RUN_OPTIONS);
    const { values } = parseOptions({ args: [...own], options: RUN_OPTIONS });
    const [image, ...command] = operands;
    if (image === undefined) throw new UsageError('Cannot run a container without an image: gantry run IMAGE [COMMAND]');
    try {
      return await runContainer(values, image, command, terminal);
    } catch (error) {
      if (error instanceof DockerError || (error instanceof CommandError && error.exitStatus === 1))
        throw new CommandError(error.message, ENGINE_FAILED, { cause: error });
      throw error;
    }
  },
};

async function runContainer(values: RunValues, image: string, command: readonly string[], terminal: Terminal): Promise<number> {
  if (values.tty && values.interactive && !values.detach) needTerminal(terminal);
  const environment = [...(await readEnvironmentFiles(values['env-file'], terminal.environment)), ...environmentEntries(values.env, terminal.environment)];
  const size = values.tty ? windowSize(terminal) : undefined;
  const body = createBody(values, { image, command, environment, folder: process.cwd(), ...(size === undefined ? {} : { size }) });
  const client = await connectDocker(values, terminal);
  const id = await createOrPull(client, { image, body, name: values.name }, terminal);
  const path = `/containers/${id}`;
  if (!values.detach) return runAttached(client, path, values, terminal);
  await start(client, path, values.rm);
  say(terminal, id);
  return 0;
}

interface Wanted {
  readonly image: string;
  readonly body: object;
  readonly name: string | undefined;
}

async function createOrPull(client: DockerClient, { image, body, name }: Wanted, terminal: Terminal): Promise<string> {
  const create = () => client.json<{ Id: string; Warnings?: readonly string[] | null }>({ method: 'POST', path: '/containers/create', query: { name }, body });
  const { Id, Warnings } = await create().catch(async (error: unknown) => {
    if (!(error instanceof DockerError && error.status === 404)) throw error;
    terminal.stderr.write(`Unable to find image '${image}' locally\n`);
    await pullImage(client, image, terminal, terminal.stderr);
    return create();
  });
  for (const warning of Warnings ?? []) terminal.stderr.write(`WARNING: ${warning}\n`);
  return Id;
}

/** A container that is there and is removed at its end, with this terminal. Answers its exit status. */
export async function runPrepared(client: DockerClient, id: string, { tty }: { readonly tty: boolean }, terminal: Terminal): Promise<number> {
  return await runAttached(client, `/containers/${id}`, { rm: true, interactive: true, tty }, terminal);
}

async function runAttached(client: DockerClient, path: string, values: Pick<RunValues, 'rm' | 'interactive' | 'tty'>, terminal: Terminal): Promise<number> {
  const socket = await client.hijack({
    path: `${path}/attach`,
    query: { stream: true, stdin: values.interactive, stdout: true, stderr: true },
  });
  // The wait is registered when its headers come: before the start, so that no end is missed.
  const waiting = await client.request({ method: 'POST', path: `${path}/wait`, query: { condition: values.rm ? 'removed' : 'next-exit' } });
  const exited = readJson(waiting).then(exitStatusIn);
  // It is awaited below; a start that fails throws before that.
  exited.catch(() => undefined);
  const streams = hijackedProcess(client, socket, { tty: values.tty, stdin: values.interactive, path });
  try {
    await start(client, path, values.rm);
    using _signals = forwardSignals(terminal, (signal) => client.done({ method: 'POST', path: `${path}/kill`, query: { signal } }));
    await interact(streams, terminal, { tty: values.tty });
    await streams.ended;
    return streams.letGo() ? 0 : await exited;
  } finally {
    streams.detach();
    waiting.destroy();
  }
}

async function start(client: DockerClient, path: string, remove: boolean): Promise<void> {
  try {
    await client.done({ method: 'POST', path: `${path}/start` });
  } catch (error) {
    if (remove) await removeUnstarted(client, path);
    throw error instanceof DockerError ? new CommandError(error.message, exitStatusOf(error.message), { cause: error }) : error;
  }
}

/** A container of `--rm` that never ran has no end at which the daemon removes it. */
async function removeUnstarted(client: DockerClient, path: string): Promise<void> {
  try {
    await client.done({ method: 'DELETE', path, query: { force: true, v: true } });
  } catch (error) {
    // The daemon has removed it, or is doing so.
    if (!(error instanceof DockerError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}

function exitStatusIn(answer: unknown): number {
  // The answer of `wait` as the specification has it.
  const { StatusCode, Error: failure } = (answer ?? {}) as { StatusCode?: number; Error?: { Message?: string } | null };
  if (failure?.Message) throw new CommandError(failure.Message);
  if (StatusCode === undefined) throw new CommandError('The daemon broke off before it told how the container ended; see its log');
  return StatusCode;
}

/** Of a start that failed, as a shell has it: 127 where the program is missing, 126 where it can't be run; else 125, as docker. */
export function exitStatusOf(message: string): number {
  if (/executable file not found|no such file or directory/i.test(message)) return 127;
  if (/permission denied|is a directory/i.test(message)) return 126;
  return ENGINE_FAILED;
}
