import { type Duplex, PassThrough, Writable } from 'node:stream';
import type { ProcessStreams, TerminalSize } from '#kit';

const [STDOUT, STDERR] = [2, 3];

/** What somebody who attaches wants, and how the process is reached. */
export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly terminal: boolean;
  readonly resize: (size: TerminalSize) => Promise<void>;
  readonly exited: Promise<number>;
}

/**
 * A connection to conmon's attach socket, made before the socket is there: what is written to stdin waits until
 * `connect`. Packets from conmon begin with a byte that names the stream.
 */
export class AttachSession {
  readonly streams: ProcessStreams;
  readonly #stdout = new PassThrough();
  readonly #stderr: PassThrough | undefined;
  readonly #options: AttachOptions;
  readonly #ready = Promise.withResolvers<Duplex | undefined>();
  readonly #finished = Promise.withResolvers<void>();
  #socket: Duplex | undefined;
  #isOver = false;

  constructor(options: AttachOptions) {
    this.#options = options;
    this.#stderr = options.terminal ? undefined : new PassThrough();
    const exited = this.#finished.promise.then(() => options.exited);
    // Nobody need ask how it ended.
    exited.catch(() => undefined);
    this.streams = {
      ...(options.stdin ? { stdin: this.#stdin() } : {}),
      stdout: this.#stdout,
      ...(this.#stderr === undefined ? {} : { stderr: this.#stderr }),
      resize: options.resize,
      exited,
      detach: () => this.#over(),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  connect(socket: Duplex): void {
    if (this.#isOver) return void socket.destroy();
    this.#socket = socket;
    socket.on('data', (packet: Buffer) => this.#deliver(socket, packet));
    socket.once('end', () => this.#over());
    socket.once('error', () => this.#over());
    socket.once('close', () => this.#over());
    this.#ready.resolve(socket);
  }

  /** It will never be connected: the container did not start. */
  abandon(): void {
    this.#over();
  }

  #deliver(socket: Duplex, packet: Buffer): void {
    const target = packet[0] === STDERR ? this.#stderr : packet[0] === STDOUT ? this.#stdout : undefined;
    const isWanted = packet[0] === STDERR ? this.#options.stderr : this.#options.stdout || this.#options.terminal;
    if (!target || !isWanted || target.destroyed) return;
    if (target.write(packet.subarray(1))) return;
    socket.pause();
    target.once('drain', () => socket.resume());
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.destroy();
    this.#ready.resolve(undefined);
    this.#stdout.end();
    this.#stderr?.end();
    this.#finished.resolve();
  }

  #stdin(): Writable {
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        void this.#ready.promise.then((socket) => (socket && !socket.destroyed ? socket.write(chunk, () => done()) : done()));
      },
      final: (done) => {
        void this.#ready.promise.then((socket) => (socket && !socket.destroyed ? socket.end(() => done()) : done()));
      },
    });
  }
}
