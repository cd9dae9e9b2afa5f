import { ended, fit, type Frame, harmless, seconds } from './build-view-text.ts';
import type { ProgressLine } from './progress.ts';

/** One step as it is known so far. Times are those of the clock that feeds the view. */
interface StepView {
  readonly number: number;
  readonly text: string;
  readonly started_ms: number;
  ended_ms?: number;
  cached: boolean;
}

const STEP = /^Step (\d+)\/(\d+) : (.*)$/;
const OUTCOME = /^ ---> (?:[0-9a-f]{12})?$/;
/** What the classic builder says of its containers: nobody misses it. */
const NOISE = /^ ---> (?:Running in|Removed intermediate container) |^Removing intermediate container /;
/** Lines of a step's output that are kept, and that are shown while it runs. */
const LOG_LINES_MAX = 200;
const LOG_LINES_SHOWN = 6;

/** What a build has said, as steps with times, marks and the end of their output. Nothing here reads a clock or writes. */
export class BuildView {
  readonly #started_ms: number;
  readonly #steps: StepView[] = [];
  readonly #results: string[] = [];
  readonly #parts = new Map<string, string>();
  #total = 0;
  #log: string[] = [];
  #rest = '';

  constructor(now_ms: number) {
    this.#started_ms = now_ms;
  }

  /** Takes one line of the answer of `POST /build`. */
  feed({ stream, status, id }: ProgressLine, now_ms: number): void {
    if (status !== undefined) {
      if (id === undefined) this.#note(status);
      else this.#parts.set(id, status);
    }
    if (stream === undefined) return;
    const lines = (this.#rest + stream).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line, now_ms);
  }

  /** The build has ended: what was half said counts. */
  end(now_ms: number): void {
    if (this.#rest !== '') this.#line(this.#rest, now_ms);
    this.#rest = '';
  }

  /** The output of the step that did not end, where the build broke off. */
  unfinishedLog(): readonly string[] {
    return this.#current === undefined ? [] : this.#log;
  }

  /** What was made, in the server's words. */
  results(): readonly string[] {
    return this.#results;
  }

  /** The lines to show: what runs, with the end of its output, and of what is done as much as there is room for. */
  lines(frame: Frame): readonly string[] {
    const current = this.#current;
    const done = this.#steps.filter((step) => step !== current);
    const head = `Building ${seconds(frame.now_ms - this.#started_ms)} (${done.length}/${this.#total})`;
    const running = current === undefined ? [] : [stepLine(current, this.#total, frame), ...this.#tail()];
    const room = frame.rows - 1 - running.length - this.#results.length;
    const shown = done.slice(Math.max(0, done.length - Math.max(1, room)));
    return [head, ...shown.map((step) => stepLine(step, this.#total, frame)), ...running, ...this.#results].map((line) => fit(line, frame.columns));
  }

  get #current(): StepView | undefined {
    const last = this.#steps.at(-1);
    return last?.ended_ms === undefined ? last : undefined;
  }

  #line(text: string, now_ms: number): void {
    const [, number, total, words] = STEP.exec(text) ?? [];
    const current = this.#current;
    if (number !== undefined) {
      if (current) current.ended_ms = now_ms;
      this.#total = Number(total);
      this.#steps.push({ number: Number(number), text: words ?? '', started_ms: now_ms, cached: false });
      this.#log = [];
      this.#parts.clear();
    } else if (current && text === ' ---> Using cache') current.cached = true;
    else if (current && OUTCOME.test(text)) current.ended_ms = now_ms;
    else if (/^Successfully (?:built|tagged) /.test(text)) this.#results.push(text);
    else if (!NOISE.test(text)) this.#note(text);
  }

  #note(text: string): void {
    this.#log.push(harmless(text));
    if (this.#log.length > LOG_LINES_MAX) this.#log.shift();
  }

  #tail(): readonly string[] {
    const pulling = [...this.#parts].map(([id, status]) => `${id}: ${status}`);
    return [...this.#log, ...pulling].slice(-LOG_LINES_SHOWN).map((line) => `   | ${line}`);
  }
}

function stepLine({ number, text, started_ms, ended_ms, cached }: StepView, total: number, { columns, now_ms }: Frame): string {
  const time = cached ? 'CACHED' : seconds((ended_ms ?? now_ms) - started_ms);
  return ended(` ${ended_ms === undefined ? '>' : '✔'} [${String(number).padStart(String(total).length)}/${total}] ${text}`, time, columns);
}
