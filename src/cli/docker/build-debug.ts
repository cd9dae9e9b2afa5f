import { CommandError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';
import { runPrepared } from './run.ts';

/** As the daemon tells of it: the build waits until the container is gone. */
export interface FailedStep {
  readonly Image: string;
  readonly Container: string;
  readonly Message: string;
}

/** The exit status of a program that is not there. */
const NO_SUCH_PROGRAM = 127;

export function hasTerminal(terminal: Terminal): boolean {
  return terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
}

/** A shell in the step that failed, with its mounts; its files go when it ends, unless there was no shell to open. */
export async function openShell(client: DockerClient, { Image, Container, Message }: FailedStep, terminal: Terminal): Promise<void> {
  terminal.stderr.write(`${Message}\nA shell in the failed step follows; leave it with "exit".\n`);
  let isKept = false;
  try {
    await runPrepared(client, Container, { tty: hasTerminal(terminal) }, terminal);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitStatus !== NO_SUCH_PROGRAM) throw error;
    isKept = true;
    terminal.stderr.write(
      `There is no /bin/sh in it. Its files stay as the image ${Image}: look at them with docker create and docker cp, then docker rmi it.\n`,
    );
  } finally {
    if (!isKept) await client.done({ method: 'DELETE', path: `/images/${Image}`, query: { force: true } });
  }
}
