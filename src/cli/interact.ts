import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { ProcessStreams } from '#kit';
import type { Terminal } from './terminal.ts';

/** Of a process, what a terminal is joined with. */
export type JoinedStreams = Pick<ProcessStreams, 'stdin' | 'stdout' | 'stderr' | 'resize'>;

/**
 * Joins the terminal with a process until all of its output was written. With `tty` the terminal's keys go to the process as they
 * are, and its size follows the window. Does not wait for the process's end.
 */
export async function interact(streams: JoinedStreams, terminal: Terminal, { tty }: { readonly tty: boolean }): Promise<void> {
  using _raw = tty ? rawMode(terminal) : undefined;
  using _size = tty ? followSize(terminal, streams) : undefined;
  using _input = streams.stdin === undefined ? undefined : feed(terminal, streams.stdin);
  const outputs = [writeAll(streams.stdout, terminal.stdout)];
  if (streams.stderr) outputs.push(writeAll(streams.stderr, terminal.stderr));
  await Promise.all(outputs);
}

/** Writes, waiting where the target is slow. */
export async function write(target: Writable, chunk: string | Uint8Array): Promise<void> {
  if (!target.write(chunk)) await once(target, 'drain');
}

/** Copies a stream to its end; the target stays open. */
export async function writeAll(source: Readable, target: Writable): Promise<void> {
  // Process streams have no encoding: they give Buffers.
  for await (const chunk of source) await write(target, chunk as Buffer);
}

function rawMode({ stdin }: Terminal): Disposable | undefined {
  if (!stdin.isTTY) return undefined;
  stdin.setRawMode?.(true);
  return { [Symbol.dispose]: () => void stdin.setRawMode?.(false) };
}

function followSize({ stdout }: Terminal, streams: JoinedStreams): Disposable | undefined {
  if (!stdout.isTTY) return undefined;
  const tell = () => {
    // A process that has ended meanwhile has no size any more; whatever else fails shows on its streams.
    streams.resize({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 }).catch(() => undefined);
  };
  tell();
  stdout.on('resize', tell);
  return { [Symbol.dispose]: () => void stdout.off('resize', tell) };
}

/** Pipes the terminal's input to the process, its end too. Disposing lets go of the input, so that it does not hold this process. */
function feed({ stdin }: Terminal, target: Writable): Disposable {
  const letGo = () => {
    stdin.unpipe(target);
    stdin.pause();
    stdin.unref?.();
  };
  // A process that reads no more is no fault: its output goes on.
  target.on('error', letGo);
  stdin.pipe(target);
  return { [Symbol.dispose]: letGo };
}
