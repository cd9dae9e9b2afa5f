import type { Readable } from 'node:stream';
import { CommandError } from '../errors.ts';

/** The whole of a stream as JSON; nothing at all is undefined. */
export async function readJson(stream: Readable): Promise<unknown> {
  const parts: Buffer[] = [];
  // A stream without an encoding gives Buffers.
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  try {
    return text.trim() === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new CommandError(`The server's answer is no JSON: ${text.slice(0, 200)}`, 1, { cause: error });
  }
}

/** The lines of a stream, blank ones left out, the last one with or without its end. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
  }
  rest += decoder.decode();
  if (rest.trim() !== '') yield rest;
}
