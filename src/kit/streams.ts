import type { Readable, Writable } from 'node:stream';

/** The two output streams of a process. */
export type OutputName = 'stdout' | 'stderr';

/** A live connection to a process's standard streams: attach and exec, whatever the interface above. */
export interface ProcessStreams {
  /** Ending it half-closes the process's standard input; absent when stdin was not asked for. */
  readonly stdin?: Writable;
  readonly stdout: Readable;
  /** Absent with a terminal, where the two are one. */
  readonly stderr?: Readable;
  /** Sets the terminal's size; without a terminal it does nothing. */
  resize(size: TerminalSize): Promise<void>;
  /** Resolves with the exit code once the process has ended and its output was read to the end. */
  readonly exited: Promise<number>;
  /** Lets go of the process without ending it. */
  detach(): void;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** One line (or, where `partial`, a piece of one) of a container's log. */
export interface LogLine {
  /** RFC 3339 with nanoseconds, as the monitor wrote it. */
  readonly time: string;
  readonly stream: OutputName;
  /** The bytes, with the newline unless `partial`. */
  readonly content: Uint8Array;
  readonly partial: boolean;
}

/** What to read of a container's log. */
export interface LogQuery {
  readonly follow?: boolean;
  /** The last so many lines; all without it. */
  readonly tail?: number;
  /** Milliseconds since the epoch. */
  readonly since_ms?: number;
  readonly until_ms?: number;
  readonly signal?: AbortSignal;
}
