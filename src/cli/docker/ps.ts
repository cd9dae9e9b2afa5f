import { systemClock } from '#kit';
import type { Command } from '../command.ts';
import { parseOptions } from '../options.ts';
import { say, table } from '../terminal.ts';
import { ago } from './ago.ts';
import { connectDocker, DOCKER_OPTIONS, DOCKER_USAGE } from './connect.ts';

const flag = { type: 'boolean', default: false } as const;

export interface PortSummary {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}
interface ContainerSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: string;
  /** Unix seconds. */
  readonly Created: number;
  readonly Status: string;
  readonly Ports: readonly PortSummary[];
}

export const ps: Command = {
  usage: `ps [-a] [-q] [--no-trunc] ${DOCKER_USAGE}`,
  async run(commandArguments, terminal) {
    const options = { all: { ...flag, short: 'a' }, quiet: { ...flag, short: 'q' }, 'no-trunc': flag, ...DOCKER_OPTIONS } as const;
    const { values } = parseOptions({ args: [...commandArguments], options });
    const client = await connectDocker(values, terminal);
    const containers = await client.json<readonly ContainerSummary[]>({ method: 'GET', path: '/containers/json', query: { all: values.all } });
    const whole = values['no-trunc'];
    const id = (container: ContainerSummary) => (whole ? container.Id : container.Id.slice(0, 12));
    if (values.quiet) {
      for (const container of containers) say(terminal, id(container));
      return 0;
    }
    const rows = containers.map((container) => [
      id(container),
      container.Image,
      commandCell(container.Command, whole),
      ago(container.Created, systemClock.now()),
      container.Status,
      portsCell(container.Ports),
      container.Names.map((name) => name.replace(/^\//, '')).join(','),
    ]);
    say(terminal, table(['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'], rows));
    return 0;
  },
};

const COMMAND_MAX = 20;

function commandCell(command: string, whole: boolean): string {
  return `"${whole || command.length <= COMMAND_MAX ? command : `${command.slice(0, COMMAND_MAX - 1)}…`}"`;
}

/** `0.0.0.0:8080->80/tcp, 90/tcp`. */
export function portsCell(ports: readonly PortSummary[]): string {
  return ports
    .map(({ IP = '', PrivatePort, PublicPort, Type }) => {
      const inside = `${PrivatePort}/${Type}`;
      return PublicPort === undefined ? inside : `${IP.includes(':') ? `[${IP}]` : IP}:${PublicPort}->${inside}`;
    })
    .join(', ');
}
