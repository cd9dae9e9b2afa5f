import type { Command } from './command.ts';
import { splitCommand } from './options.ts';
import { EITHER_OPTIONS, podOperand } from './pod-operand.ts';

export const exec: Command = {
  usage:
    'exec [-d] [-i] [-t] [-e NAME[=VALUE]]... [--env-file FILE] [-w DIR] [-u USER] [--privileged]\n' +
    '         [--docker-socket PATH] [--data-dir D] [--run-dir R] CONTAINER COMMAND [ARGUMENT...]\n' +
    '       gantry exec [-i] [-t] [-c CONTAINER] [-n NAMESPACE] [--kubeconfig PATH] [--context NAME] [--data-dir D] [--run-dir R]\n' +
    '         pod/NAME -- COMMAND [ARGUMENT...]',
  asksHelp: (commandArguments) => splitCommand(commandArguments, EITHER_OPTIONS).own.includes('--help'),
  async run(commandArguments, terminal) {
    const isPod = podOperand(commandArguments) !== undefined;
    if (isPod) return (await import('./kubernetes/pod-exec.ts')).podExecCommand(commandArguments, terminal);
    return (await import('./docker/container-exec.ts')).containerExec(commandArguments, terminal);
  },
};
