import type { Clock } from '#kit';
import { CommandError, UsageError } from '../errors.ts';
import { write } from '../interact.ts';
import type { Terminal } from '../terminal.ts';
import { BuildView } from './build-view.ts';
import { type ProgressLine, showProgress } from './progress.ts';

const FRAME_MS = 100;
const [UP, CLEAR_BELOW, NO_WRAP, WRAP] = [(lines: number) => (lines === 0 ? '' : `\u001b[${lines}A`), '\u001b[J', '\u001b[?7l', '\u001b[?7h'] as const;

/** Whether a build is drawn live: on a terminal, unless `--progress` says otherwise. Errors: `USAGE`. */
export function isLive(progress: string | undefined, target: Terminal['stdout'] | Terminal['stderr'], terminal: Terminal): boolean {
  if (progress !== undefined && !['auto', 'plain', 'tty'].includes(progress))
    throw new UsageError(`Cannot take "${progress}" for --progress: it is auto, plain or tty`);
  if (progress === 'tty') return true;
  return progress !== 'plain' && target === terminal.stdout && terminal.stdout.isTTY === true && terminal.environment['TERM'] !== 'dumb';
}

/** Shows what a build says, as plain lines or drawn live. Errors: `COMMAND_FAILED`, as with `showProgress`. */
export async function showBuild(
  lines: AsyncIterable<ProgressLine>,
  target: Terminal['stdout'],
  { live, clock }: { readonly live: boolean; readonly clock: Clock },
): Promise<void> {
  if (!live) return showProgress(lines, target);
  const screen = new Screen(target, clock);
  const ended = new AbortController();
  const drawing = screen.drawUntil(ended.signal);
  // Whatever ends first, a rejection of the other must not be lost as unhandled.
  drawing.catch(() => undefined);
  try {
    for await (const line of lines) {
      const failure = line.errorDetail?.message ?? line.error;
      if (failure !== undefined) throw new CommandError(failure, line.errorDetail?.code || 1);
      screen.view.feed(line, clock.monotonic());
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

/** The lines of a view, drawn over themselves. */
class Screen {
  readonly view: BuildView;
  readonly #target: Terminal['stdout'];
  readonly #clock: Clock;
  #height = 0;

  constructor(target: Terminal['stdout'], clock: Clock) {
    this.#target = target;
    this.#clock = clock;
    this.view = new BuildView(clock.monotonic());
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
    this.view.end(this.#clock.monotonic());
    await this.#draw(Infinity);
    if (!failed) return;
    for (const line of this.view.unfinishedLog()) await write(this.#target, `${line}\n`);
  }

  async #draw(rows: number): Promise<void> {
    const lines = this.view.lines({ columns: this.#target.columns ?? 80, rows, now_ms: this.#clock.monotonic() });
    // Within one write, so that whatever ends this process leaves the terminal as it was.
    await write(this.#target, `${UP(this.#height)}\r${CLEAR_BELOW}${NO_WRAP}${lines.join('\n')}\n${WRAP}`);
    this.#height = lines.length;
  }
}
