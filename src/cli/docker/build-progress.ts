import type { Clock } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import type { Terminal } from '../terminal.ts';
import { BuildStepsView, type StepEvent, type StepName } from './build-steps-view.ts';
import { BuildView } from './build-view.ts';
import { type ProgressLine, showProgress } from './progress.ts';

const FRAME_MS = 100;
const [UP, CLEAR_BELOW, NO_WRAP, WRAP] = [(lines: number) => (lines === 0 ? '' : `\u001b[${lines}A`), '\u001b[J', '\u001b[?7l', '\u001b[?7h'] as const;

/** How a build is shown. */
export type Progress = 'live' | 'plain' | 'quiet' | 'rawjson';
const KINDS = ['auto', 'plain', 'tty', 'quiet', 'rawjson'];

/** Drawn live on a terminal that can, in plain lines elsewhere, unless `--progress` says otherwise. Errors: `USAGE`. */
export function progressOf(progress: string | undefined, target: Terminal['stdout'] | Terminal['stderr'], terminal: Terminal): Progress {
  if (progress !== undefined && !KINDS.includes(progress)) throw new UsageError(`Cannot take "${progress}" for --progress: it is one of ${KINDS.join(', ')}`);
  if (progress === 'plain' || progress === 'quiet' || progress === 'rawjson') return progress;
  if (progress === 'tty') return 'live';
  return target === terminal.stdout && terminal.stdout.isTTY === true && terminal.environment['TERM'] !== 'dumb' ? 'live' : 'plain';
}

/** Shows what a build says; of a quiet one, as the server says it. Errors: `COMMAND_FAILED`, as with `showProgress`. */
export async function showBuild(
  lines: AsyncIterable<ProgressLine>,
  target: Terminal['stdout'],
  { progress, clock }: { readonly progress: Progress; readonly clock: Clock },
): Promise<void> {
  if (progress === 'rawjson') return showRaw(lines, target);
  if (progress !== 'live') return showProgress(lines, target);
  const screen = new Screen(target, clock);
  const ended = new AbortController();
  const drawing = screen.drawUntil(ended.signal);
  // Whatever ends first, a rejection of the other must not be lost as unhandled.
  drawing.catch(() => undefined);
  try {
    for await (const line of lines) {
      const failure = line.errorDetail?.message ?? line.error;
      if (failure !== undefined) throw new CommandError(failure, line.errorDetail?.code || 1);
      screen.feed(line);
    }
  } catch (error) {
    ended.abort();
    await drawing;
    await screen.finish({ failed: true });
    throw error;
  } finally {
    ended.abort();
    await drawing;
  }
  await screen.finish({ failed: false });
}

/** Each line as it came. Errors: `COMMAND_FAILED`, as with `showProgress`. */
async function showRaw(lines: AsyncIterable<ProgressLine>, target: Terminal['stdout']): Promise<void> {
  for await (const line of lines) {
    await write(target, `${JSON.stringify(line)}\n`);
    const failure = line.errorDetail?.message ?? line.error;
    if (failure !== undefined) throw new CommandError(failure, line.errorDetail?.code || 1);
  }
}

/** The lines of a view, drawn over themselves. */
class Screen {
  readonly #story: BuildView;
  /** Where the daemon tells of steps as they go; another daemon tells a story only. */
  #steps: BuildStepsView | undefined;
  readonly #target: Terminal['stdout'];
  readonly #clock: Clock;
  #height = 0;

  constructor(target: Terminal['stdout'], clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    this.#story = new BuildView(clock.monotonic());
  }

  feed(line: ProgressLine): void {
    const now_ms = this.#clock.monotonic();
    const { Steps, Step } = (line.aux ?? {}) as { Steps?: readonly StepName[]; Step?: StepEvent }; // as the server writes it
    if (Steps !== undefined) this.#steps = new BuildStepsView(Steps, now_ms);
    if (Step !== undefined) this.#steps?.feed(Step);
    this.#story.feed(line, now_ms);
  }

  async drawUntil(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await this.#draw((this.#target.rows ?? 24) - 1);
      // The end of the build wakes it: that is no fault.
      await this.#clock.sleep(FRAME_MS, ended).catch(() => undefined);
    }
  }

  /** Leaves all steps on the screen and, of a build that failed, what its last step wrote. */
  async finish({ failed }: { readonly failed: boolean }): Promise<void> {
    this.#story.end(this.#clock.monotonic());
    await this.#draw(Infinity);
    if (!failed) return;
    for (const line of this.#steps?.failedLog() ?? this.#story.unfinishedLog()) await write(this.#target, `${line}\n`);
  }

  async #draw(rows: number): Promise<void> {
    const frame = { columns: this.#target.columns ?? 80, rows, now_ms: this.#clock.monotonic() };
    const lines =
      this.#steps === undefined
        ? this.#story.lines(frame)
        : [...this.#steps.lines({ ...frame, rows: rows - this.#story.results().length }), ...this.#story.results()];
    // Within one write, so that whatever ends this process leaves the terminal as it was.
    await write(this.#target, `${UP(this.#height)}\r${CLEAR_BELOW}${NO_WRAP}${lines.join('\n')}\n${WRAP}`);
    this.#height = lines.length;
  }
}
