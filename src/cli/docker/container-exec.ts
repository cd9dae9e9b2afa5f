import { CommandError, UsageError } from '../errors.ts';
import { interact } from '../interact.ts';
import { parseOptions, splitCommand } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';
import { connectDocker, DOCKER_OPTIONS } from './connect.ts';
import { environmentEntries, readEnvironmentFiles } from './environment.ts';
import { readLines } from './json-lines.ts';
import { hijackedProcess } from './process.ts';
import { needTerminal, windowSize } from './session.ts';

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean', default: false } as const;
const EXEC_OPTIONS = {
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
  const streams = hijackedProcess(client, socket, { tty: values.tty, stdin: values.interactive, path });
  try {
    await interact(streams, terminal, { tty: values.tty });
    await streams.ended;
  } finally {
    streams.detach();
  }
  return streams.letGo() ? 0 : await exitCodeOf(client, id);
}

interface ExecState {
  readonly ExitCode?: number | null;
  readonly Running: boolean;
  readonly ContainerID: string;
}

/** The output may end before the process has: then its end is waited for. */
async function exitCodeOf(client: DockerClient, id: string): Promise<number> {
  const look = () => client.json<ExecState>({ method: 'GET', path: `/exec/${id}/json` });
  const state = await look();
  const { ExitCode } = state.Running ? await afterEnd(client, id, state.ContainerID, look) : state;
  if (typeof ExitCode !== 'number') throw new CommandError('The daemon broke off before it told how the command ended; see its log');
  return ExitCode;
}

async function afterEnd(client: DockerClient, id: string, container: string, look: () => Promise<ExecState>): Promise<ExecState> {
  const filters = JSON.stringify({ container: [container], event: ['exec_die'] });
  const events = await client.request({ method: 'GET', path: '/events', query: { filters } });
  try {
    // An end before the events were listened to is seen now; a later one is told.
    const state = await look();
    if (!state.Running) return state;
    for await (const line of readLines(events)) {
      // An event, as the specification has it.
      const { Actor } = JSON.parse(line) as { Actor?: { Attributes?: { execID?: string } } };
      if (Actor?.Attributes?.execID === id) break;
    }
    return await look();
  } finally {
    events.destroy();
  }
}
