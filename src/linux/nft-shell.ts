import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { type Clock, KeyedMutex, type Timer } from '#kit';
import { CommandError } from './errors.ts';

/** Asks for something harmless whose answer, one line that starts like `END`, shows that all before it was done. */
const ASK = 'describe ip saddr\n';
const END = /(?:^|\n)payload expression, datatype ipv4_addr [^\n]*\n$/;
const FIRST_ANSWER_MAX_MS = 2000;
const IDLE_MS = 5000;
/** A longer text is read faster from a file. */
const LINE_LENGTH_MAX = 32_768;

interface Session {
  readonly child: ChildProcess;
  output: string;
  settle: ((problem?: Error) => void) | undefined;
}

/**
 * One `nft -i` that takes command after command, a transaction each: starting a process for each costs 6 ms, and its end
 * another 30 where something was deleted, which the kernel then finishes first. It ends after some seconds
 * without work, and with this process.
 */
export class NftShell {
  readonly #clock: Clock;
  readonly #mutex = new KeyedMutex();
  #session: Session | undefined;
  #usable = true;
  #idle: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the text can be given as one line: plain commands, no blocks and no remarks, and short. */
  static takes(ruleset: string): boolean {
    return (
      ruleset.length < LINE_LENGTH_MAX && !ruleset.includes('#') && ruleset.split('\n').every((line) => line === '' || /^(?:add|delete|flush) /.test(line))
    );
  }

  /** False where this machine's nft has no such mode; nothing was done then. Errors: nft's own words. */
  async run(ruleset: string): Promise<boolean> {
    return await this.#mutex.run('', async () => {
      const session = this.#usable ? await this.#open() : undefined;
      if (session === undefined) return false;
      const line = ruleset.split('\n').filter(Boolean).join('; ');
      const problem = await this.#exchange(session, `${line}\n`);
      this.#rest(session);
      if (problem !== '') throw new CommandError('nft', problem.trim());
      return true;
    });
  }

  async #open(): Promise<Session | undefined> {
    this.#idle?.[Symbol.dispose]();
    if (this.#session) return this.#session;
    const session = startSession(() => {
      if (this.#session === session) this.#session = undefined;
    });
    using _timer = this.#clock.setTimer(FIRST_ANSWER_MAX_MS, () => session.child.kill('SIGKILL'));
    try {
      this.#usable = (await this.#exchange(session, '')) === '';
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.#usable = false;
    }
    if (this.#usable) this.#session = session;
    else session.child.kill('SIGKILL');
    return this.#session;
  }

  /** What nft says to the line: nothing when all went well. */
  async #exchange(session: Session, line: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    session.output = '';
    session.settle = (problem) => (problem ? reject(problem) : resolve());
    setReferenced(session.child, true);
    session.child.stdin?.write(line + ASK);
    try {
      await promise;
    } finally {
      session.settle = undefined;
      setReferenced(session.child, false);
    }
    return session.output.replace(END, '');
  }

  #rest(session: Session): void {
    this.#idle = this.#clock.setTimer(IDLE_MS, () => {
      this.#session = undefined;
      session.child.stdin?.end();
    });
    this.#idle.unref();
  }
}

/** HOME leads nowhere so that no history is kept; errors come by the same pipe so that they keep their place. */
function startSession(onEnd: () => void): Session {
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/dev/null', TERM: 'dumb' };
  const child = spawn('/bin/sh', ['-c', 'exec nft -i 2>&1'], { stdio: ['pipe', 'pipe', 'ignore'], env });
  const session: Session = { child, output: '', settle: undefined };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    session.output += text;
    if (END.test(session.output)) session.settle?.();
  });
  const end = (words: string) => {
    onEnd();
    session.settle?.(new CommandError('nft', `${words}: ${session.output.trim()}`));
  };
  child.once('error', (error) => end(error.message));
  child.once('close', () => end('it ended'));
  // A broken pipe is told by the end of the process, too.
  child.stdin?.on('error', (error) => end(error.message));
  return session;
}

/** An idle session does not keep this process alive. */
function setReferenced(child: ChildProcess, on: boolean): void {
  child[on ? 'ref' : 'unref']();
  for (const pipe of [child.stdin, child.stdout]) if (pipe instanceof Socket) pipe[on ? 'ref' : 'unref']();
}
