import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '#kit';
import { runCommand } from './command.ts';
import { StepError } from './errors.ts';
import { findClients, type Clients } from './clients.ts';
import { freePorts, type Ports } from './ports.ts';
import { printCommand, printNote, printOutput } from './print.ts';

export const ROOT = new URL('../..', import.meta.url).pathname;
const GANTRY = join(ROOT, 'bin', 'gantry');
const POLL_MS = 50;

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly folder?: string;
  /** What its output must show. */
  readonly shows?: RegExp;
  /** It must fail. */
  readonly fails?: true;
  /** Nothing of its output is printed. */
  readonly quiet?: true;
  /** Enough is seen when its output shows this: it is then interrupted. */
  readonly until?: RegExp;
}

/** Where the walk-through is played: a folder of its own, a daemon's addresses, and the clients. */
export class Stage implements AsyncDisposable {
  readonly folder: string;
  readonly ports: Ports;
  readonly clients: Clients;
  readonly full: boolean;
  readonly signal: AbortSignal;

  private constructor(parts: { folder: string; ports: Ports; clients: Clients; full: boolean; signal: AbortSignal }) {
    this.folder = parts.folder;
    this.ports = parts.ports;
    this.clients = parts.clients;
    this.full = parts.full;
    this.signal = parts.signal;
  }

  static async open(options: { readonly full: boolean; readonly signal: AbortSignal }): Promise<Stage> {
    const [clients, ports] = await Promise.all([findClients(process.env.PATH ?? ''), freePorts()]);
    return new Stage({ ...options, clients, ports, folder: await mkdtemp(join(tmpdir(), 'gantry-demo-')) });
  }

  /** How a daemon of the stage is named. */
  get directories(): readonly string[] {
    return ['--data-dir', join(this.folder, 'data'), '--run-dir', join(this.folder, 'run')];
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      KUBECONFIG: join(this.folder, 'kubeconfig'),
      DOCKER_CONFIG: join(this.folder, 'docker'),
      DOCKER_CONTEXT: 'gantry-demo',
      // It would win over the context.
      DOCKER_HOST: undefined,
      // The client's own words about its classic builder would stand between what is shown here.
      DOCKER_CLI_HINTS: 'false',
      HOME: this.folder,
    };
  }

  /** Runs a command, prints it, what came back and its time; answers its standard output. Errors: `StepError`, `Interrupted`. */
  async run(asked: readonly string[], options: RunOptions = {}): Promise<string> {
    this.signal.throwIfAborted();
    const began = clock.monotonic();
    const words = this.#words(asked);
    printCommand(words);
    const { status, stdout, text } = await runCommand(programOf(words), {
      ...(options.input === undefined ? {} : { input: options.input }),
      environment: this.environment,
      folder: options.folder ?? this.folder,
      signal: this.signal,
      ...(options.until === undefined ? {} : { onText: (seen: string) => options.until?.test(seen) ?? false }),
    });
    this.signal.throwIfAborted();
    printOutput(options.quiet ? '' : text, clock.monotonic() - began);
    const wanted = options.until ?? options.shows;
    if (wanted !== undefined && !wanted.test(text)) throw new StepError(`"${words.join(' ')}" was to show ${String(wanted)}, and said: ${text.trim()}`);
    if (options.until === undefined && (status !== 0) !== (options.fails ?? false)) {
      throw new StepError(`"${words.join(' ')}" ended with exit status ${status}${status === 0 ? ', though it had to fail' : ''}: ${text.trim()}`);
    }
    return stdout.trim();
  }

  /** Asks again and again until the answer fits; the command is printed once. Errors: `StepError` when it never does. */
  async until(asked: readonly string[], fits: RegExp | ((output: string) => boolean), options: { readonly seconds?: number } = {}): Promise<string> {
    const began = clock.monotonic();
    const deadline_ms = began + (options.seconds ?? 20) * 1000;
    const words = this.#words(asked);
    printCommand(words);
    for (;;) {
      const { stdout, text } = await runCommand(programOf(words), { environment: this.environment, folder: this.folder, signal: this.signal });
      this.signal.throwIfAborted();
      if (fits instanceof RegExp ? fits.test(text) : fits(stdout)) {
        printOutput(text, clock.monotonic() - began);
        return stdout.trim();
      }
      if (clock.monotonic() > deadline_ms)
        throw new StepError(`"${words.join(' ')}" never showed what it should within ${options.seconds ?? 20} s: ${text.trim()}`);
      await clock.sleep(POLL_MS);
    }
  }

  docker(line: string, options?: RunOptions): Promise<string> {
    return this.run(['docker', ...line.split(' ')], options);
  }
  kubectl(line: string, options?: RunOptions): Promise<string> {
    return this.run(['kubectl', ...line.split(' ')], options);
  }
  gantry(line: string, options?: RunOptions): Promise<string> {
    return this.run(['gantry', ...line.split(' '), ...this.directories], options);
  }

  /** Plays a part of a step, or says that it is left out for want of a client. */
  async part(title: string, needs: readonly (keyof Clients)[], play: () => Promise<void>): Promise<void> {
    const lacking = needs.filter((client) => !this.clients[client]);
    if (lacking.length === 0) return await play();
    printNote(`left out, since ${lacking.join(' and ')} is not on this machine: ${title}`);
  }

  /** Where a client is missing, Gantry's own command of the same name stands in, told which daemon is meant. */
  #words(words: readonly string[]): readonly string[] {
    const [name, verb = '', ...rest] = words;
    const isMissing = (name === 'docker' && !this.clients.docker) || (name === 'kubectl' && !this.clients.kubectl);
    return isMissing ? ['gantry', verb, ...this.directories, ...rest] : words;
  }

  /** Takes everything of the stage off the machine, whatever happened on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const words = [GANTRY, 'down', '--purge', ...this.directories];
    const { status, text } = await runCommand(words, { environment: this.environment, folder: '/', signal: new AbortController().signal });
    await rm(this.folder, { recursive: true, force: true });
    if (status !== 0) throw new StepError(`"gantry down --purge" ended with exit status ${status}: ${text}`);
  }
}

/** `gantry` is the checkout's own. */
function programOf([name = '', ...rest]: readonly string[]): readonly string[] {
  return [name === 'gantry' ? GANTRY : name, ...rest];
}
