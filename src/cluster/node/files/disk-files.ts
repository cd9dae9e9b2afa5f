import { chmod, lchown, lstat, mkdir, open, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { isSystemError, type Random, randomWord } from '#kit';
import { ContainerConfigError } from '../errors.ts';
import type { Payload, PodFiles } from '../types.ts';
import { prepareHostPath } from './host-path.ts';
import { writePayload } from './write-payload.ts';

const LAST_WORDS_BYTES_MAX = 4096;

export interface DiskFilesOptions {
  /** Pods' folders lie in it. */
  readonly podsDir: string;
  readonly random: Random;
  /** The machine's own files. */
  readonly hosts: string;
  readonly resolvConf: string;
}

/** Pods' files on this machine's disk. */
export class DiskFiles implements PodFiles {
  readonly #options: DiskFilesOptions;
  readonly prepareHostPath = prepareHostPath;

  constructor(options: DiskFilesOptions) {
    this.#options = options;
  }

  async readOwn(): Promise<{ readonly hosts: string; readonly resolvConf: string }> {
    const [hosts, resolvConf] = await Promise.all([textOf(this.#options.hosts), textOf(this.#options.resolvConf)]);
    return { hosts, resolvConf };
  }

  async writeHostFiles(
    podUid: string,
    texts: { readonly hosts: string; readonly resolvConf: string },
  ): Promise<{ readonly hosts: string; readonly resolvConf: string }> {
    const folder = this.#folder(podUid);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const files = { hosts: join(folder, 'hosts'), resolvConf: join(folder, 'resolv.conf') };
    await Promise.all([writeFile(files.hosts, texts.hosts, { mode: 0o644 }), writeFile(files.resolvConf, texts.resolvConf, { mode: 0o644 })]);
    return files;
  }

  async makeEmptyDir(podUid: string, volume: string, group?: number): Promise<string> {
    const folder = this.#volume(podUid, volume);
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await chmod(folder, 0o777);
    if (made !== undefined && group !== undefined) await giveToGroup(folder, group);
    return folder;
  }

  async writePayload(podUid: string, volume: string, payload: Payload, group?: number): Promise<string> {
    const folder = this.#volume(podUid, volume);
    const changed = await writePayload(folder, payload, randomWord(this.#options.random, 10));
    if (changed && group !== undefined) await giveToGroup(folder, group);
    return folder;
  }

  async enter({ name, path }: { readonly name: string; readonly path: string }, subPath: string, make: boolean): Promise<string> {
    const root = await realpath(path);
    let here = root;
    for (const part of subPath.split('/').filter((word) => word !== '' && word !== '.')) {
      const next = join(here, part);
      if (make) await mkdir(next).catch(ignoreThere);
      here = await realpath(next);
      if (here !== root && !here.startsWith(root + sep))
        throw new ContainerConfigError(`subPath "${subPath}" of volume "${name}" leads out of it, to ${resolve(here)}`);
    }
    return here;
  }

  async makeLastWords(podUid: string, container: string, attempt: number): Promise<string> {
    const file = this.#lastWords(podUid, container, attempt);
    await mkdir(join(file, '..'), { recursive: true, mode: 0o755 });
    await writeFile(file, '', { mode: 0o666 });
    return file;
  }

  async readLastWords(podUid: string, container: string, attempt: number): Promise<string> {
    try {
      await using file = await open(this.#lastWords(podUid, container, attempt), 'r');
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(LAST_WORDS_BYTES_MAX), position: 0 });
      return buffer.subarray(0, bytesRead).toString('utf8');
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return '';
      throw error;
    }
  }

  async pods(): Promise<readonly string[]> {
    try {
      return await readdir(this.#options.podsDir);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
  }

  remove(podUid: string): Promise<void> {
    return rm(this.#folder(podUid), { recursive: true, force: true });
  }

  #folder(podUid: string): string {
    return join(this.#options.podsDir, podUid);
  }
  #volume(podUid: string, volume: string): string {
    return join(this.#folder(podUid), 'volumes', volume);
  }
  #lastWords(podUid: string, container: string, attempt: number): string {
    return join(this.#folder(podUid), 'containers', container, `${attempt}.log`);
  }
}

/** `fsGroup`: the group owns everything, may read (and in an emptyDir write) it, and owns what is made in it. */
async function giveToGroup(path: string, group: number): Promise<void> {
  const found = await lstat(path);
  await lchown(path, found.uid, group);
  if (found.isSymbolicLink()) return;
  if (!found.isDirectory()) return await chmod(path, (found.mode & 0o777) | 0o440);
  await chmod(path, (found.mode & 0o777) | 0o2770);
  for (const name of await readdir(path)) await giveToGroup(join(path, name), group);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return '';
    throw error;
  }
}

function ignoreThere(error: unknown): void {
  if (!isSystemError(error, 'EEXIST')) throw error;
}
