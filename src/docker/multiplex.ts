import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { badRequest } from './errors.ts';
import type { LogLine, OutputName, ProcessStreams } from '#kit';

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

/** One frame of Docker's multiplexed stream: stream number, three zeroes, length, bytes. */
export function frame(stream: OutputName, content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(content.length, 4);
  return Buffer.concat([header, content]);
}

/** Copies the output of a process to `target`, framed unless `raw`, waiting where the target is slow. Does not end the target. */
export async function pumpOutput(streams: ProcessStreams, target: Writable, options: { raw: boolean; stdout: boolean; stderr: boolean }): Promise<void> {
  const pumps: Promise<void>[] = [pump(streams.stdout, target, options.stdout ? 'stdout' : undefined, options.raw)];
  if (streams.stderr) pumps.push(pump(streams.stderr, target, options.stderr ? 'stderr' : undefined, options.raw));
  await Promise.all(pumps);
}

/** Copies lines of a log, waiting where the target is slow. */
export async function pumpLines(lines: AsyncIterable<LogLine>, target: Writable, raw: boolean): Promise<void> {
  for await (const line of lines) {
    if (target.destroyed || target.writableEnded) return;
    if (!target.write(raw ? line.content : frame(line.stream, line.content))) await drained(target);
  }
}

async function pump(source: Readable, target: Writable, name: OutputName | undefined, raw: boolean): Promise<void> {
  for await (const chunk of source) {
    if (name === undefined) continue;
    if (target.destroyed) return;
    // Process streams give buffers only (ProcessStreams).
    const bytes = chunk as Buffer;
    if (!target.write(raw ? bytes : frame(name, bytes))) await drained(target);
  }
}

async function drained(target: Writable): Promise<void> {
  const gone = new AbortController();
  const close = () => gone.abort();
  target.once('close', close);
  try {
    await once(target, 'drain', { signal: gone.signal });
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  } finally {
    target.off('close', close);
  }
}

/** The keys that let go of a container (`ctrl-p,ctrl-q`) as bytes; undefined when the text is no such list. */
export function detachSequence(text: string): Buffer | undefined {
  if (text === '') return Buffer.from([16, 17]);
  const bytes = text.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    return control === undefined ? undefined : control.toUpperCase().charCodeAt(0) & 0x1f;
  });
  return bytes.every((byte) => byte !== undefined) ? Buffer.from(bytes) : undefined;
}

/** The same. Errors: 400 for what is no such list. */
export function keysOf(text: string | undefined): Buffer {
  const keys = detachSequence(text ?? '');
  if (!keys) throw badRequest(`Invalid detach keys (${text}) provided: write single characters or ctrl-X, separated by commas`);
  return keys;
}

/** Watches input for the detach keys; what may be their beginning is held back. */
export class DetachScanner {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** The bytes to pass on, and whether the keys were complete: then the rest is dropped. */
  scan(chunk: Uint8Array): { readonly pass: Buffer; readonly detached: boolean } {
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        out.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) this.#matched += 1;
      else out.push(byte);
      if (this.#matched === this.#keys.length) return { pass: Buffer.from(out), detached: true };
    }
    return { pass: Buffer.from(out), detached: false };
  }
}

/**
 * Feeds the client's input to the process; its end half-closes the process's standard input. A process that reads no more
 * does not end the connection: the rest of the input is thrown away while the output goes on.
 */
export async function feedInput(source: Readable, streams: ProcessStreams, detach: { keys: Buffer; onDetach: () => void } | undefined): Promise<void> {
  const { stdin } = streams;
  if (!stdin) {
    source.resume();
    return;
  }
  const scanner = detach && new DetachScanner(detach.keys);
  let closed = false;
  const onClose = () => (closed = true);
  stdin.once('close', onClose).on('error', onClose);
  for await (const chunk of source.iterator({ destroyOnReturn: false })) {
    // Connections without an encoding give buffers.
    const { pass, detached } = scanner ? scanner.scan(chunk as Buffer) : { pass: chunk as Buffer, detached: false };
    if (!closed && pass.length > 0 && !stdin.write(pass)) await drained(stdin);
    if (detached) return detach?.onDetach();
  }
  if (!closed) stdin.end();
}
