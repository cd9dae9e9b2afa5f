import { CommandError, UsageError } from '../errors.ts';
import { interact } from '../interact.ts';
import { parseOptions, splitCommand } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';
import { connectDocker, DOCKER_OPTIONS } from './connect.ts';
import { environmentEntries, readEnvironmentFiles } from './environment.ts';
import { hijackedProcess } from './process.ts';
import { needTerminal, windowSize } from './session.ts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean', default: false } as const;
export const EXEC_OPTIONS = {
  detach: { ...flag, short: 'd' },
  interactive: { ...flag, short: 'i' },
  tty: { ...flag, short: 't' },
  env: { ...texts, short: 'e' },
  'env-file': texts,
  workdir: { ...text, short: 'w' },
  user: { ...text, short: 'u' },
  privileged: flag,
  ...DOCKER_OPTIONS,
} as const;
type Values = ReturnType<typeof parseOptions<{ options: typeof EXEC_OPTIONS }>>['values'];

/** Runs a command in a running container; answers its exit status. */
export async function containerExec(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { own, operands } = splitCommand(commandArguments, EXEC_OPTIONS);
  const { values } = parseOptions({ args: [...own], options: EXEC_OPTIONS });
  const [container, ...rest] = operands;
  const command = rest[0] === '--' ? rest.slice(1) : rest;
  if (container === undefined || command.length === 0) throw new UsageError('Cannot run a command without its name: gantry exec CONTAINER COMMAND');
  if (values.tty && values.interactive && !values.detach) needTerminal(terminal);
  const client = await connectDocker(values, terminal);
  const environment = [
    ...(await readEnvironmentFiles(values['env-file'] ?? [], terminal.environment)),
    ...environmentEntries(values.env ?? [], terminal.environment),
  ];
  const body = execBody(values, command, environment);
  const { Id } = await client.json<{ Id: string }>({ method: 'POST', path: `/containers/${encodeURIComponent(container)}/exec`, body });
  if (!values.detach) return runExec(client, Id, values, terminal);
  await client.done({ method: 'POST', path: `/exec/${Id}/start`, body: { Detach: true, Tty: values.tty } });
  return 0;
}

function execBody(values: Values, command: readonly string[], environment: readonly string[]): object {
  const attached = !values.detach;
  return {
    Cmd: command,
    Env: environment,
    Tty: values.tty,
    User: values.user ?? '',
    WorkingDir: values.workdir ?? '',
    Privileged: values.privileged,
    AttachStdin: values.interactive && attached,
    AttachStdout: attached,
    AttachStderr: attached,
  };
}

async function runExec(client: DockerClient, id: string, values: Values, terminal: Terminal): Promise<number> {
  const path = `/exec/${id}`;
  const size = values.tty ? windowSize(terminal) : undefined;
  const body = { Detach: false, Tty: values.tty, ...(size === undefined ? {} : { ConsoleSize: [size.rows, size.columns] }) };
  const socket = await client.hijack({ path: `${path}/start`, body });
  const { promise, resolve } = Promise.withResolvers<number>();
  const streams = hijackedProcess(client, socket, { tty: values.tty, stdin: values.interactive, path, exited: promise });
  try {
    await interact(streams, terminal, { tty: values.tty });
    await streams.ended;
  } finally {
    streams.detach();
  }
  if (streams.letGo()) return 0;
  const { ExitCode, Running } = await client.json<{ ExitCode?: number | null; Running: boolean }>({ method: 'GET', path: `${path}/json` });
  if (typeof ExitCode !== 'number') throw new CommandError(`Cannot tell how the command ended: ${Running ? 'it still runs' : 'the daemon does not know'}`);
  resolve(ExitCode);
  return ExitCode;
}
