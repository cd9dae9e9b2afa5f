import type { FileHandle } from 'node:fs/promises';
import { asBytes } from './bytes.ts';

/** What is written in one go: each call goes by way of another thread. */
const BATCH_BYTES = 512 * 1024;

/**
 * Writes a stream into a file from a position on, while more of it comes in; answers the position behind the last byte. When the stream fails, what
 * came before is written.
 */
export async function writeStream(file: FileHandle, content: AsyncIterable<unknown>, start: number): Promise<number> {
  let batch: Uint8Array[] = [];
  let gathered_bytes = 0;
  let position = start;
  let writing = Promise.resolve();
  const flush = async () => {
    await writing;
    writing = writeAt(file, batch, position);
    // It is awaited before the next one, and at the end.
    writing.catch(() => undefined);
    position += gathered_bytes;
    batch = [];
    gathered_bytes = 0;
  };
  try {
    for await (const piece of content) {
      const bytes = asBytes(piece);
      batch.push(bytes);
      gathered_bytes += bytes.length;
      if (gathered_bytes >= BATCH_BYTES) await flush();
    }
  } finally {
    await flush();
    await writing;
  }
  return position;
}

async function writeAt(file: FileHandle, batch: readonly Uint8Array[], start: number): Promise<void> {
  if (batch.length === 0) return;
  const { bytesWritten } = await file.writev(batch, start);
  const all_bytes = batch.reduce((sum, { length }) => sum + length, 0);
  if (bytesWritten === all_bytes) return;
  const rest = Buffer.concat(batch);
  for (let done = bytesWritten; done < rest.length; ) done += (await file.write(rest, done, rest.length - done, start + done)).bytesWritten;
}
