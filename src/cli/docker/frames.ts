import type { OutputName } from '#kit';
import { CommandError } from '../errors.ts';

const HEADER_BYTES = 8;
const STREAMS: Readonly<Record<number, OutputName>> = { 0: 'stdout', 1: 'stdout', 2: 'stderr' };

/** A piece of a process's output: a frame, or a part of one where it came in several. */
export interface Piece {
  readonly stream: OutputName;
  readonly content: Buffer;
}

/**
 * Takes Docker's multiplexed stream apart (stream number, three zeroes, length, bytes), however it was cut on its way. Long frames
 * are passed on as they come. Errors: `COMMAND_FAILED` for a stream that is none, or ends amid a frame.
 */
export async function* pieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let header = Buffer.alloc(0);
  let stream: OutputName = 'stdout';
  let missing = 0;
  for await (const chunk of source) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    while (rest.length > 0) {
      if (missing > 0) {
        const content = rest.subarray(0, missing);
        missing -= content.length;
        rest = rest.subarray(content.length);
        yield { stream, content };
        continue;
      }
      const wanted = HEADER_BYTES - header.length;
      header = Buffer.concat([header, rest.subarray(0, wanted)]);
      rest = rest.subarray(wanted);
      if (header.length < HEADER_BYTES) continue;
      stream = streamOf(header);
      missing = header.readUInt32BE(4);
      header = Buffer.alloc(0);
    }
  }
  if (missing > 0 || header.length > 0) throw new CommandError('The stream of the output broke off; see the log of the daemon');
}

function streamOf(header: Buffer): OutputName {
  const stream = STREAMS[header[0] ?? -1];
  if (stream === undefined) throw new CommandError(`Cannot read the stream of the output: a frame begins with ${header.toString('hex')}`);
  return stream;
}

/** The same for a terminal's stream, which is not framed. */
export async function* rawPieces(source: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  for await (const chunk of source) yield { stream: 'stdout', content: Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) };
}
