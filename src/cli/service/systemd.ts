import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import { CommandError } from '../errors.ts';
import { UNIT_MARK } from './unit.ts';

const [UNITS, BOOTED] = ['/etc/systemd/system', '/run/systemd/system'];

/** Whether systemd is what this machine runs (sd_booted(3)). */
export const isBooted = (): boolean => existsSync(BOOTED);

/** One service's unit, and systemctl for it. */
export class ServiceUnit {
  readonly name: string;
  readonly path: string;

  constructor(name: string) {
    this.name = `${name}.service`;
    this.path = join(UNITS, this.name);
  }

  /** The unit as it is; undefined when there is none. Errors: when somebody else wrote it. */
  async read(): Promise<string | undefined> {
    try {
      const text = await readFile(this.path, 'utf8');
      if (text.startsWith(UNIT_MARK)) return text;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      throw error;
    }
    throw new CommandError(`Cannot touch ${this.path}: it was not written by "gantry service install". Move it away, or choose another --name`);
  }

  /** Whole or not at all. Errors: without leave. */
  async write(text: string): Promise<void> {
    const aside = `${this.path}.new`;
    try {
      await mkdir(UNITS, { recursive: true });
      await writeFile(aside, text, { mode: 0o644 });
      await rename(aside, this.path);
    } catch (error) {
      throw notAllowed(this.path, error);
    }
  }

  async remove(): Promise<void> {
    try {
      await rm(this.path, { force: true });
    } catch (error) {
      throw notAllowed(this.path, error);
    }
  }

  /** Has systemctl do something. Errors: with its own words. */
  async must(...words: readonly string[]): Promise<void> {
    const { status, said } = await systemctl(words);
    if (status !== 0) throw new CommandError(`"systemctl ${words.join(' ')}" failed: ${said || `exit status ${status}`}`);
  }

  /** What systemctl answers to `is-active` or `is-enabled`. */
  async ask(question: 'is-active' | 'is-enabled'): Promise<string> {
    return (await systemctl([question, this.name])).said || 'unknown';
  }
}

function notAllowed(path: string, error: unknown): unknown {
  if (!isSystemError(error, 'EACCES') && !isSystemError(error, 'EROFS')) return error;
  return new CommandError(`Cannot write ${path}: run it as root, or have --print print the unit`, 1, { cause: error });
}

function systemctl(words: readonly string[]): Promise<{ readonly status: number; readonly said: string }> {
  return new Promise((resolve, reject) => {
    execFile('systemctl', [...words], (error, stdout, stderr) => {
      const code = error?.code;
      if (code === 'ENOENT') return reject(new CommandError('Cannot run systemctl: it is not on the PATH. Install systemd, or print the unit with --print'));
      resolve({ status: error === null ? 0 : typeof code === 'number' ? code : 1, said: (stdout.trim() || stderr.trim()).trim() });
    });
  });
}
