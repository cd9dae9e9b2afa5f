import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isSystemError, type Logger } from '#kit';
import type { Linux } from '#linux';
import { runtimeFailed } from '../errors.ts';

/** How a command ended and what it said. */
export interface Launched {
  readonly exitCode: number;
  readonly output: string;
}

/** By this word a shell of ours is told from another process that has its id by now. */
const NAME = 'gantry-launcher';
/** What was begun is ended before the shell is, also when this process is cut off. */
const WAIT_AT_THE_END = 'trap wait EXIT\n';
const PATIENCE_MS = 10_000;

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Starts commands from a tiny shell, since forking this big process costs some ten milliseconds and stops the event loop
 * meanwhile. What the shell starts outlives it; it ends when this process does.
 */
export class Launcher {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #pending = new Map<string, (result: number | Error) => void>();
  #shell: ChildProcess | undefined;
  #count = 0;

  /** `folder` (on a file system in memory) is the launcher's own and takes what commands say. */
  constructor(options: { readonly folder: string; readonly logger: Logger }) {
    this.#folder = options.folder;
    this.#logger = options.logger;
  }

  /** Waits until the shell of a launcher that was cut off has ended what it had begun, so that nothing more comes of it; then begins with an empty folder. */
  async takeOver(processes: Linux['processes']): Promise<void> {
    const pid = await lastShell(this.#pidFile);
    if (pid !== undefined) {
      try {
        await processes.waitGone(pid, AbortSignal.timeout(PATIENCE_MS));
      } catch (error) {
        this.#logger.warn('a runtime that was started before does not end: what it makes may be left over', { pid, error });
      }
    }
    await rm(this.#folder, { recursive: true, force: true });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  get #pidFile(): string {
    return join(this.#folder, 'shell.pid');
  }

  /** Runs one command; its two outputs are read as one text. */
  run(argv: readonly string[]): Promise<Launched> {
    return this.#launch((output, number) => `{ ${argv.map(quote).join(' ')} >${output} 2>&1 </dev/null; echo "${number} $?"; } & jobs >/dev/null\n`);
  }

  /** Runs conmon, which goes to the background, and answers the first line of its sync pipe, or else what it said. */
  runSynced(argv: readonly string[]): Promise<{ readonly line: string; readonly said: string }> {
    return this.#launch(
      (output, number) =>
        `{ _OCI_SYNCPIPE=3 ${argv.map(quote).join(' ')} 3>&1 >/dev/null 2>${output}.said </dev/null | { IFS= read -r l; printf %s "$l" >${output}; echo "${number} 0"; }; } & jobs >/dev/null\n`,
      'said',
    ).then(({ output, said }) => ({ line: output, said }));
  }

  async #launch(script: (output: string, number: string) => string, more?: 'said'): Promise<Launched & { said: string }> {
    this.#count += 1;
    const number = String(this.#count);
    const output = join(this.#folder, `command-${number}`);
    try {
      const exitCode = await new Promise<number>((resolve, reject) => {
        this.#pending.set(number, (result) => (typeof result === 'number' ? resolve(result) : reject(result)));
        this.#open().stdin?.write(script(quote(output), number));
      });
      const text = await readFile(output, 'utf8');
      const said = more && text === '' ? await readFile(`${output}.said`, 'utf8') : '';
      return { exitCode, output: text, said };
    } finally {
      this.#pending.delete(number);
      await Promise.all([rm(output, { force: true }), ...(more ? [rm(`${output}.said`, { force: true })] : [])]);
    }
  }

  /** Ends the shell. Errors: commands under way are told so. */
  close(): void {
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  /** Starts the shell now, so that the first command needn't wait. */
  warm(): void {
    this.#open();
  }

  #open(): ChildProcess {
    if (this.#shell) return this.#shell;
    const shell = spawn('/bin/sh', ['-s', NAME], { stdio: ['pipe', 'pipe', 'ignore'], env: ENVIRONMENT, cwd: '/', detached: true });
    this.#shell = shell;
    // Before it is told anything: whoever comes after this process must know of it.
    if (shell.pid !== undefined) writeFileSync(this.#pidFile, String(shell.pid), { mode: 0o600 });
    const lost = (why: string) => {
      if (this.#shell === shell) this.#shell = undefined;
      if (this.#pending.size > 0) this.#logger.error('the shell that starts commands ended', { why });
      for (const settle of this.#pending.values()) settle(runtimeFailed('start a command', `the shell that starts them ended (${why})`));
      this.#pending.clear();
    };
    shell.once('error', (error) => lost(error.message));
    shell.once('exit', (code, signal) => lost(`code ${code}, signal ${signal}`));
    shell.stdin?.on('error', (error) => lost(error.message));
    shell.stdin?.write(WAIT_AT_THE_END);
    if (shell.stdout) createInterface({ input: shell.stdout }).on('line', (line) => this.#heard(line));
    return shell;
  }

  #heard(line: string): void {
    const [number = '', code = ''] = line.split(' ');
    this.#pending.get(number)?.(Number(code));
  }
}

/** The shell of the launcher before, if it still runs. */
async function lastShell(pidFile: string): Promise<number | undefined> {
  try {
    const pid = Number(await readFile(pidFile, 'utf8'));
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return words.includes(NAME) ? pid : undefined;
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return undefined;
    throw error;
  }
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
