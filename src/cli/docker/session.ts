import { messageOf, type TerminalSize } from '#kit';
import { CommandError } from '../errors.ts';
import type { Terminal } from '../terminal.ts';
import { DockerError } from './client.ts';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** Errors: `COMMAND_FAILED` where the input of a terminal session is no terminal. */
export function needTerminal(terminal: Terminal): void {
  if (!terminal.stdin.isTTY) throw new CommandError('the input device is not a TTY: leave -t away when the input is a pipe or a file');
}

/** The window's size; undefined where the output is no terminal. */
export function windowSize({ stdout }: Terminal): TerminalSize | undefined {
  return stdout.isTTY ? { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 } : undefined;
}

/** Sends the signals that end a program to the container's instead, until disposed; the third one ends this program, whatever the container does. */
export function forwardSignals(terminal: Terminal, send: (signal: string) => Promise<void>): Disposable {
  let left = 2;
  const stop = () => {
    for (const off of handlers) off();
  };
  const handlers = FORWARDED.map((signal) => {
    const handler = () => {
      left -= 1;
      if (left === 0) stop();
      send(signal).catch((error: unknown) => {
        // A container that has ended meanwhile takes no signal; its exit status tells the rest.
        if (!(error instanceof DockerError) || (error.status !== 404 && error.status !== 409))
          terminal.stderr.write(`gantry: Cannot pass ${signal} on to the container: ${messageOf(error)}\n`);
      });
    };
    terminal.signals.on(signal, handler);
    return () => terminal.signals.off(signal, handler);
  });
  return { [Symbol.dispose]: stop };
}
