import { createReadStream } from 'node:fs';
import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { withRoom } from '#image';

/** Small pieces: more of them are dropped before the garbage of large ones would be noticed. */
const PIECE_BYTES = 64 * 1024;

/** Bytes that a client sends, kept so that they can be judged as a whole before anything is done with them. */
export interface Spool extends AsyncDisposable {
  /** They can be read as often as is needed. */
  read(): Readable;
}

/** Takes a stream in, into a file without a name: nothing is left of it whatever happens. Errors: `NO_SPACE`. */
export async function spool(folder: string, name: string, content: Readable): Promise<Spool> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  const file = await open(path, 'wx+', 0o600);
  try {
    await unlink(path);
    for await (const chunk of withRoom(content, folder)) await file.appendFile(chunk);
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    read: () => createReadStream('', { fd: file.fd, start: 0, autoClose: false, highWaterMark: PIECE_BYTES }),
    [Symbol.asyncDispose]: () => file.close(),
  };
}
