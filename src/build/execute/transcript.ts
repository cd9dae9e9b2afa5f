/** Output that waits for its turn is cut at so much. */
const WAITING_CHARS_MAX = 1024 * 1024;

/** Where one step says what it does. */
export interface StepLog {
  /** Answers a promise when the listener wants the speaker to wait. */
  say(text: string): void | Promise<void>;
  /** Its turn is over. */
  end(): Promise<void>;
}

/**
 * What steps that run at the same time say, told in the order of the file: the first step that has not ended is heard at once, what the
 * others say waits. So no step's lines stand in the middle of another's.
 */
export class Transcript {
  readonly #say: (text: string) => void | Promise<void>;
  readonly #logs: WaitingLog[] = [];
  #head = 0;
  #advancing: Promise<void> | undefined;

  constructor(say: (text: string) => void | Promise<void>) {
    this.#say = say;
  }

  /** The next step, with its first words. */
  step(header: string): StepLog {
    const log = new WaitingLog(this.#say, (ended) => this.#ended(ended));
    this.#logs.push(log);
    if (this.#logs.length - 1 === this.#head) log.isLive = true;
    void log.say(header);
    return log;
  }

  /** Tells what a step said that may never have its turn, because it failed. */
  async tell(log: StepLog): Promise<void> {
    const waiting = this.#logs.find((other) => other === log);
    if (waiting && !waiting.isLive) await waiting.flush();
  }

  async #ended(log: WaitingLog): Promise<void> {
    if (this.#logs[this.#head] !== log) return;
    this.#advancing ??= this.#advance().finally(() => (this.#advancing = undefined));
    await this.#advancing;
  }

  async #advance(): Promise<void> {
    while (this.#logs[this.#head]?.hasEnded === true) {
      this.#head += 1;
      await this.#logs[this.#head]?.flush();
    }
  }
}

class WaitingLog implements StepLog {
  readonly #say: (text: string) => void | Promise<void>;
  readonly #onEnd: (log: WaitingLog) => Promise<void>;
  isLive = false;
  hasEnded = false;
  #waiting = '';
  #left = 0;

  constructor(say: (text: string) => void | Promise<void>, onEnd: (log: WaitingLog) => Promise<void>) {
    this.#say = say;
    this.#onEnd = onEnd;
  }

  say(text: string): void | Promise<void> {
    if (this.isLive) return this.#say(text);
    if (this.#waiting.length + text.length > WAITING_CHARS_MAX) this.#left += text.length;
    else this.#waiting += text;
    return undefined;
  }

  async end(): Promise<void> {
    this.hasEnded = true;
    await this.#onEnd(this);
  }

  /** Says what waits; from then on this log is heard at once. */
  async flush(): Promise<void> {
    while (this.#waiting !== '' || this.#left > 0) {
      const text = this.#waiting + (this.#left > 0 ? `[${this.#left} more characters of this step were left out]\n` : '');
      this.#waiting = '';
      this.#left = 0;
      await this.#say(text);
    }
    this.isLive = true;
  }
}
