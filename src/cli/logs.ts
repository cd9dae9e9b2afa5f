import type { Command } from './command.ts';
import { podOperand } from './pod-operand.ts';

export const logs: Command = {
  usage:
    'logs [-f] [-t] [-n|--tail N] [--since TIME] [--until TIME] [--docker-socket PATH] [--data-dir D] [--run-dir R] CONTAINER\n' +
    '       gantry logs [-f] [-c CONTAINER] [-p|--previous] [--tail N] [--since DURATION] [--timestamps]\n' +
    '         [-n NAMESPACE] [--kubeconfig PATH] [--context NAME] [--data-dir D] [--run-dir R] pod/NAME',
  async run(commandArguments, terminal) {
    const isPod = podOperand(commandArguments) !== undefined;
    if (isPod) return (await import('./kubernetes/pod-logs.ts')).podLogsCommand(commandArguments, terminal);
    return (await import('./docker/container-logs.ts')).containerLogs(commandArguments, terminal);
  },
};
