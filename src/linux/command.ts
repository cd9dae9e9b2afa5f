import { type ChildProcess, spawn } from 'node:child_process';
import { isSystemError } from '#kit';
import { CommandError } from './errors.ts';

/** How a program ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program through `start` (so that it may be forked in another namespace), writes `input` and reads all it says. */
export function runCommand(
  program: string,
  args: readonly string[],
  input: string,
  start: (spawnNow: () => ChildProcess) => ChildProcess,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = start(() => spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } }));
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        output[name] += text;
      });
    }
    child.once('error', (cause) => reject(isSystemError(cause, 'ENOENT') ? missing(program, cause) : new CommandError(program, cause.message, { cause })));
    child.once('close', (code, signal) => resolve({ exitCode: code ?? (signal === null ? -1 : 128), ...output }));
    // A program that ends early breaks the pipe; how it ended says why.
    child.stdin?.on('error', (error) => {
      if (!isSystemError(error, 'EPIPE')) reject(error);
    });
    child.stdin?.end(input);
  });
}

function missing(program: string, cause: Error): CommandError {
  const name = program === 'nft' ? 'nftables' : 'iproute2';
  return new CommandError(program, `it is not installed; install the package ${name} or run "gantry doctor --fix"`, { cause });
}
