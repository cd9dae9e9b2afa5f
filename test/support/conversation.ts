import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { systemClock } from '#kit';

/** A running command that is listened to and typed at. */
export class Conversation implements AsyncDisposable {
  readonly ended: Promise<number>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #listeners = new Set<() => void>();
  #heard = '';
  #read = 0;

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#heard += text;
        for (const listener of this.#listeners) listener();
      });
    // Who leaves does not listen any more.
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        resolve(code ?? 1);
        for (const listener of this.#listeners) listener();
      });
    });
  }

  /** All that it said. */
  get heard(): string {
    return this.#heard;
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Waits until it says so, after what was waited for before. Errors: when it ends or the deadline passes first. */
  async hears(pattern: RegExp, deadline_ms = 15_000): Promise<RegExpExecArray> {
    const late = Promise.withResolvers<never>();
    using _timer = systemClock.setTimer(deadline_ms, () => late.reject(new Error(`did not hear ${pattern} within ${deadline_ms} ms, but: ${this.#heard}`)));
    for (;;) {
      const match = pattern.exec(this.#heard.slice(this.#read));
      if (match) {
        this.#read += match.index + match[0].length;
        return match;
      }
      if (this.#child.exitCode !== null && this.#child.stdout.readableEnded)
        throw new Error(`it ended with ${this.#child.exitCode} before saying ${pattern}: ${this.#heard}`);
      await Promise.race([this.#more(), late.promise]);
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      const listener = () => {
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
    await this.ended;
  }
}
