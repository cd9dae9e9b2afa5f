import { createWriteStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isSystemError } from '#kit';

const BLOCK_BYTES = 64 * 1024;

/** Runs a task while no other one that it would meddle with does. */
export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>;

/**
 * A log in several files: `container.log` is the one that is written, `container.log.1` the one before it, and so on. Where a daemon
 * was cut off while it renamed them a number may be missing; the order still holds.
 */
export class LogSet {
  readonly path: string;
  readonly #exclusive: Exclusive;

  constructor(path: string, exclusive: Exclusive = (task) => task()) {
    this.path = path;
    this.#exclusive = exclusive;
  }

  /** Whether a file of this name is one of them. */
  has(name: string): boolean {
    return numberOf(basename(this.path), name) !== undefined;
  }

  /** All of them, the oldest first. The caller closes them. */
  open(): Promise<readonly FileHandle[]> {
    return this.#exclusive(() => this.#open());
  }

  /** Those that are newer than one that was opened earlier; all that are left when it has been dropped. The caller closes them. */
  async newerThan(inode: number): Promise<readonly FileHandle[]> {
    const all = await this.open();
    const inodes = await Promise.all(all.map(async (file) => (await file.stat()).ino));
    const at = inodes.indexOf(inode);
    await Promise.all(all.slice(0, at + 1).map((file) => file.close()));
    return all.slice(at + 1);
  }

  /**
   * Puts the written file behind the others, has the writer begin a new one, and drops what is beyond `files`. Until the writer has
   * done so it writes on into the renamed file: no line is lost.
   */
  rotate(files: number, begin: () => Promise<void>): Promise<void> {
    return this.#exclusive(async () => {
      const numbers = (await this.#numbers()).filter((number) => number > 0).sort((a, b) => a - b);
      const gap = Array.from({ length: numbers.length + 1 }, (_, index) => index + 1).find((number) => !numbers.includes(number)) ?? 1;
      for (let number = gap - 1; number >= 0; number -= 1) await rename(this.#file(number), this.#file(number + 1));
      await begin();
      const left = await this.#numbers();
      // A writer that ended meanwhile begins no new file: the one before is its last.
      const beyond = left.includes(0) ? files : files + 1;
      for (const number of left) if (number >= beyond) await rm(this.#file(number), { force: true });
    });
  }

  /** Leaves of the file before the written one the last lines only, `bytes` at most, and nothing that is older. Nobody must be writing it any more. */
  cut(bytes: number): Promise<void> {
    return this.#exclusive(async () => {
      const path = this.#file(1);
      const aside = `${this.path}.cut`;
      const file = await open(path, 'r');
      try {
        const { size } = await file.stat();
        if (size <= bytes) return;
        const start = await lineBegin(file, size - bytes);
        await pipeline(file.createReadStream({ start, autoClose: false }), createWriteStream(aside, { mode: 0o640 }));
      } finally {
        await file.close();
      }
      // The older ones first: whoever reads finds no hole between the files.
      for (const number of await this.#numbers()) if (number > 1) await rm(this.#file(number), { force: true });
      await rename(aside, path);
    });
  }

  async #open(): Promise<readonly FileHandle[]> {
    const files: FileHandle[] = [];
    try {
      for (const number of (await this.#numbers()).toSorted((a, b) => b - a)) files.push(await open(this.#file(number), 'r'));
    } catch (error) {
      await Promise.all(files.map((file) => file.close()));
      throw error;
    }
    return files;
  }

  #file(number: number): string {
    return number === 0 ? this.path : `${this.path}.${number}`;
  }

  async #numbers(): Promise<number[]> {
    try {
      const names = await readdir(dirname(this.path));
      return names.map((name) => numberOf(basename(this.path), name)).filter((number) => number !== undefined);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
  }
}

/** Where the first line begins that begins at `from` or after it. */
async function lineBegin(file: FileHandle, from: number): Promise<number> {
  const block = Buffer.alloc(BLOCK_BYTES);
  for (let at = from - 1; ; at += block.length) {
    const { bytesRead } = await file.read(block, 0, block.length, at);
    const end = block.subarray(0, bytesRead).indexOf('\n');
    if (end >= 0) return at + end + 1;
    if (bytesRead === 0) return at;
  }
}

function numberOf(base: string, name: string): number | undefined {
  if (name === base) return 0;
  const number = name.startsWith(`${base}.`) ? name.slice(base.length + 1) : '';
  return /^[1-9]\d*$/.test(number) ? Number(number) : undefined;
}
