import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink } from 'node:fs/promises';
import { isSystemError } from '#kit';
import { pathInvalid } from '../errors.ts';

const LINKS_MAX = 255;
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** A file found below a root, reached through an open descriptor of its folder: what a link is turned into afterwards changes nothing. */
export interface Found extends AsyncDisposable {
  /** Descriptor of the folder; `/proc/self/fd/N` is its path for this process. */
  readonly folder: FileHandle;
  /** Name in the folder; `.` for the root itself. */
  readonly name: string;
  /** Path that leads to the file from here. */
  readonly path: string;
  /** Absent when the last component isn't there. */
  readonly stats?: Stats;
  /** Path as the container sees it, without links. */
  readonly inside: string;
}

/**
 * Walks `path` below `root` one component at a time, following links as a process inside would: `..` and absolute links
 * stay inside. Answers undefined when a folder on the way is missing.
 */
export async function findInRoot(root: string, path: string, options: { readonly followLast: boolean; readonly make?: boolean }): Promise<Found | undefined> {
  const walk = new Walk(await open(root, constants.O_RDONLY | constants.O_DIRECTORY), path.split('/'));
  try {
    const found = await walk.run(options);
    if (found === undefined) await walk.close();
    return found;
  } catch (error) {
    await walk.close();
    throw error;
  }
}

class Walk {
  readonly #stack: { readonly handle: FileHandle; readonly name: string }[];
  readonly #rest: string[];
  #links = 0;

  constructor(root: FileHandle, rest: string[]) {
    this.#stack = [{ handle: root, name: '' }];
    this.#rest = rest;
  }

  async close(): Promise<void> {
    await Promise.all(this.#stack.splice(0).map(({ handle }) => handle.close()));
  }

  async run(options: { readonly followLast: boolean; readonly make?: boolean }): Promise<Found | undefined> {
    for (;;) {
      const name = this.#rest.shift();
      if (name === undefined) return this.#answerFolder();
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (this.#stack.length > 1) await this.#stack.pop()?.handle.close();
        continue;
      }
      const isLast = this.#rest.every((part) => part === '' || part === '.');
      const stats = await lstatIfThere(this.#pathOf(name), options.make === true);
      if (stats === undefined) return isLast ? this.#answer(name, undefined) : undefined;
      if (stats.isSymbolicLink() && (!isLast || options.followLast)) await this.#follow(name);
      else if (stats.isDirectory()) this.#stack.push({ handle: await open(this.#pathOf(name), FOLDER), name });
      else if (isLast) return this.#answer(name, stats);
      else return undefined;
    }
  }

  async #follow(name: string): Promise<void> {
    this.#links += 1;
    if (this.#links > LINKS_MAX) throw pathInvalid(name, 'too many symbolic links');
    const target = await readlink(this.#pathOf(name));
    if (target.startsWith('/')) await Promise.all(this.#stack.splice(1).map(({ handle }) => handle.close()));
    this.#rest.unshift(...target.split('/'));
  }

  #top(): FileHandle {
    const top = this.#stack.at(-1);
    if (top === undefined) throw new TypeError('the walk is over');
    return top.handle;
  }

  #pathOf(name: string): string {
    return `/proc/self/fd/${this.#top().fd}/${name}`;
  }

  /** The path led to a folder, which is open now: it is told through its parent where it has one. */
  async #answerFolder(): Promise<Found> {
    const stats = await this.#top().stat();
    const last = this.#stack.length > 1 ? this.#stack.pop() : undefined;
    await last?.handle.close();
    return this.#answer(last?.name ?? '.', stats);
  }

  #answer(name: string, stats: Stats | undefined): Found {
    const folder = this.#top();
    const names = [...this.#stack.slice(1).map((level) => level.name), ...(name === '.' ? [] : [name])];
    return {
      folder,
      name,
      path: this.#pathOf(name),
      inside: `/${names.join('/')}`,
      ...(stats === undefined ? {} : { stats }),
      [Symbol.asyncDispose]: () => this.close(),
    };
  }
}

async function lstatIfThere(path: string, make: boolean): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ENOTDIR')) throw error;
    if (!make) return undefined;
    await mkdir(path, { mode: 0o755 });
    return await lstat(path);
  }
}

/** Text of a file below a root; undefined when it isn't there or is no plain file. Reads at most `bytes_max`. */
export async function readInRoot(root: string, path: string, bytes_max = 1 << 20): Promise<string | undefined> {
  await using found = await findInRoot(root, path, { followLast: true });
  if (!found?.stats?.isFile()) return undefined;
  await using file = await open(found.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(Math.min(bytes_max, (await file.stat()).size));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
