import { type Duplex, PassThrough, Writable } from 'node:stream';
import { isSystemError, type ProcessStreams, type TerminalSize } from '#kit';
import { write } from '../interact.ts';
import { type DockerClient, DockerError } from './client.ts';
import { pieces, rawPieces } from './frames.ts';

export interface HijackedProcess extends Omit<ProcessStreams, 'exited'> {
  /** Rejects when the connection broke; resolves when the output has ended. */
  readonly ended: Promise<void>;
  /** Whether the keys that let go of a container were typed. */
  readonly letGo: () => boolean;
}

/** A hijacked connection as the streams of a process. `path` is what its `/resize` stands below. */
export function hijackedProcess(
  client: DockerClient,
  socket: Duplex,
  options: { readonly tty: boolean; readonly stdin: boolean; readonly path: string },
): HijackedProcess {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const ended = distribute(socket, options.tty, stdout, stderr);
  // Whoever awaits `ended` sees the failure; the outputs end with it.
  ended.catch(() => undefined);
  // Input that is on its way when the output has ended fails the connection after everybody has stopped reading it.
  socket.on('error', () => undefined);
  const keys = new DetachKeys();
  return {
    ...(options.stdin ? { stdin: inputOf(socket, options.tty ? keys : undefined) } : {}),
    stdout,
    ...(options.tty ? {} : { stderr }),
    resize: (size) => resize(client, options.path, size),
    detach: () => void socket.destroy(),
    ended,
    letGo: () => keys.typed,
  };
}

async function distribute(socket: Duplex, tty: boolean, stdout: PassThrough, stderr: PassThrough): Promise<void> {
  const outputs = { stdout, stderr };
  try {
    const source = socket.iterator({ destroyOnReturn: false });
    for await (const { stream, content } of (tty ? rawPieces : pieces)(source)) await write(outputs[stream], content);
  } catch (error) {
    // Input that is still sent when the process has ended makes the connection fail; how it ended is told elsewhere.
    if (!isSystemError(error, 'EPIPE') && !isSystemError(error, 'ECONNRESET')) throw error;
  } finally {
    stdout.end();
    stderr.end();
  }
}

function inputOf(socket: Duplex, keys: DetachKeys | undefined): Writable {
  return new Writable({
    write(chunk: Buffer, _encoding, done) {
      keys?.watch(chunk);
      // Once the other side has closed, nobody reads it.
      if (!socket.writable || socket.write(chunk)) done();
      else socket.once('drain', done);
    },
    final(done) {
      socket.end(done);
    },
  });
}

async function resize(client: DockerClient, path: string, { columns, rows }: TerminalSize): Promise<void> {
  try {
    await client.done({ method: 'POST', path: `${path}/resize`, query: { h: rows, w: columns } });
  } catch (error) {
    // It has ended, or has not begun; the next change of size tells it again.
    if (!(error instanceof DockerError) || (error.status !== 404 && error.status !== 409)) throw error;
  }
}

/** Notes Ctrl-P Ctrl-Q, at which the server lets go of the container: the end of the output is then not its end. */
class DetachKeys {
  typed = false;
  #before = 0;

  watch(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#before === 16 && byte === 17) this.typed = true;
      this.#before = byte;
    }
  }
}
