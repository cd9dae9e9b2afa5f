import type { Command } from '../command.ts';
import { UsageError } from '../errors.ts';
import { DOCKER_USAGE } from './connect.ts';
import { containerPort } from './container-port.ts';

export const container: Command = {
  usage:
    `container port ${DOCKER_USAGE} CONTAINER\n` +
    '       gantry container port add|rm CONTAINER [[IP:]HOST_PORT:]CONTAINER_PORT[/tcp|udp]...\n' +
    '       Published ports of a container change at once, with no restart, and stay so after one.',
  run(commandArguments, terminal) {
    const [name, ...rest] = commandArguments;
    if (name !== 'port') throw new UsageError(`"${name ?? ''}" is nothing that gantry container does. Write gantry container port CONTAINER`);
    return containerPort(rest, terminal);
  },
};
