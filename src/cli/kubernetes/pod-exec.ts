import { podExec } from '#cluster/client';
import { UsageError } from '../errors.ts';
import { interact } from '../interact.ts';
import { parseOptions, splitCommand } from '../options.ts';
import { podName } from '../pod-operand.ts';
import type { Terminal } from '../terminal.ts';
import { CLUSTER_OPTIONS, findAccess } from './connect.ts';

const flag = { type: 'boolean', default: false } as const;
const OPTIONS = {
  container: { type: 'string', short: 'c' },
  interactive: { ...flag, short: 'i' },
  stdin: flag,
  tty: { ...flag, short: 't' },
  ...CLUSTER_OPTIONS,
} as const;

/** Runs a command in a Pod's container; answers its exit status. */
export async function podExecCommand(commandArguments: readonly string[], terminal: Terminal): Promise<number> {
  const { own, operands } = splitCommand(commandArguments, OPTIONS);
  const [pod, ...rest] = operands;
  const end = rest.indexOf('--');
  // Options of ours may stand between the Pod and the `--`; without that, all that follows is the command.
  const { values } = parseOptions({ args: [...own, ...(end < 0 ? [] : rest.slice(0, end))], options: OPTIONS });
  const command = end < 0 ? rest : rest.slice(end + 1);
  const name = podName(pod);
  if (name === undefined || command.length === 0) throw new UsageError('Cannot run a command without its name: gantry exec pod/NAME -- COMMAND');
  const wantsInput = values.interactive || values.stdin;
  const tty = values.tty && terminal.stdin.isTTY === true;
  if (values.tty && !tty) terminal.stderr.write('Unable to use a TTY: the input is not a terminal\n');
  const access = await findAccess(values, terminal);
  const streams = await podExec(access, {
    namespace: values.namespace ?? access.namespace,
    name,
    command,
    stdin: wantsInput,
    terminal: tty,
    ...(values.container === undefined ? {} : { container: values.container }),
  });
  await interact(streams, terminal, { tty });
  const code = await streams.exited;
  if (code !== 0) terminal.stderr.write(`command terminated with exit code ${code}\n`);
  return code;
}
