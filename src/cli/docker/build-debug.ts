import { CommandError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import type { DockerClient } from './client.ts';
import { runInteractive } from './run.ts';

/** The exit status of a program that is not there. */
const NO_SUCH_PROGRAM = 127;

/** A shell among the files of the step that failed, as it left them; they go when it ends, unless there was no shell to open. */
export async function openShell(client: DockerClient, image: string, failure: string, terminal: Terminal): Promise<void> {
  terminal.stderr.write(`${failure}\nA shell in the failed step follows; leave it with "exit".\n`);
  const isTerminal = terminal.stdin.isTTY === true && terminal.stdout.isTTY === true;
  const body = {
    Image: image,
    Entrypoint: ['/bin/sh'],
    Tty: isTerminal,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  };
  let isKept = false;
  try {
    await runInteractive(client, body, { tty: isTerminal }, terminal);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitStatus !== NO_SUCH_PROGRAM) throw error;
    isKept = true;
    terminal.stderr.write(
      `There is no /bin/sh in it. Its files stay as the image ${image}: look at them with docker create and docker cp, then docker rmi it.\n`,
    );
  } finally {
    if (!isKept) await client.done({ method: 'DELETE', path: `/images/${image}`, query: { force: true } });
  }
}
