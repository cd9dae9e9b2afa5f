import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundYoungHeap } from '#kit';
import type { Command } from './command.ts';
import { CommandError, UsageError } from './errors.ts';
import { parseOptions, splitCommand, wholeNumber } from './options.ts';
import type { Terminal } from './terminal.ts';

const OPTIONS = { nodes: { type: 'string' }, seed: { type: 'string' } } as const;
const USAGE = 'test-cluster [--nodes N] [--seed N] -- COMMAND [ARG...]';
/** V8 would go on to four times as much under load, and keep it; a cluster is no quicker for it. */
const YOUNG_BYTES_MAX = 32 * 1024 * 1024;
/** As a shell tells that a signal ended a command. */
const SIGNALLED = 128;

/** Runs a command with KUBECONFIG leading to a cluster that is new, lives in memory and ends with it. */
export const testCluster: Command = {
  usage: USAGE,
  asksHelp: (given) => splitCommand(given, OPTIONS).own.includes('--help'),
  async run(commandArguments, terminal) {
    const { own, operands } = splitCommand(commandArguments, OPTIONS);
    const { values } = parseOptions({ args: [...own], options: OPTIONS });
    const [program, ...programArguments] = operands;
    if (program === undefined) throw new UsageError(`Cannot run a test: name the command. usage: gantry ${USAGE}`);
    const [nodes, seed] = [wholeNumber('--nodes', values.nodes), wholeNumber('--seed', values.seed)];
    const { startCluster } = await import('#testing');
    await using cluster = await startCluster({ ...(nodes === undefined ? {} : { nodes }), ...(seed === undefined ? {} : { seed }) });
    // Nothing else is in this process: unlike within somebody's test, how its memory grows is ours to say.
    boundYoungHeap(YOUNG_BYTES_MAX);
    const folder = await mkdtemp(join(tmpdir(), 'gantry-test-cluster-'));
    try {
      const kubeconfig = join(folder, 'kubeconfig');
      await writeFile(kubeconfig, await cluster.kubeconfig(), { mode: 0o600 });
      const child = spawn(program, programArguments, { stdio: 'inherit', env: { ...terminal.environment, KUBECONFIG: kubeconfig } });
      return await exitStatusOf(child, program, terminal);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** The command's own; signals that come meanwhile are the command's to answer. */
async function exitStatusOf(child: ChildProcess, program: string, { signals }: Terminal): Promise<number> {
  const forwarded = (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const).map((name) => [name, () => void child.kill(name)] as const);
  for (const [name, forward] of forwarded) signals.on(name, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', (cause) => reject(new CommandError(`Cannot run ${program}: ${cause.message}`, 127, { cause })));
      child.on('exit', (code, signal) => resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    for (const [name, forward] of forwarded) signals.off(name, forward);
  }
}
