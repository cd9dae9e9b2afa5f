import type { Readable } from 'node:stream';

/** The lines of a byte stream, without their ends; a last line without an end is dropped, being half. */
export async function* readLines(stream: Readable): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  // A stream without an encoding gives Buffers.
  for await (const part of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, start)) {
      pieces.push(part.subarray(start, end));
      const line = pieces.length === 1 && pieces[0] ? pieces[0].toString('utf8') : Buffer.concat(pieces).toString('utf8');
      pieces = [];
      start = end + 1;
      if (line !== '') yield line;
    }
    if (start < part.length) pieces.push(part.subarray(start));
  }
}
