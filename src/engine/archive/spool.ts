import { mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { withRoom } from '#image';

/** Bytes that a client sends, kept so that they can be judged as a whole before anything is done with them. */
export interface Spool extends AsyncDisposable {
  /** By which every thread of this process can read them, as often as is needed. */
  readonly path: string;
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
    path: `/proc/self/fd/${file.fd}`,
    [Symbol.asyncDispose]: () => file.close(),
  };
}
