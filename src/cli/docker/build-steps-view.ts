import { ended, fit, type Frame, harmless, seconds } from './build-view-text.ts';

/** A step as the daemon names it before the first begins. */
export interface StepName {
  readonly id: number;
  readonly name: string;
  readonly stage: string;
  readonly number: number;
  readonly total: number;
}
/** What happened to one, so many milliseconds after the plan was made. */
export interface StepEvent {
  readonly id: number;
  readonly at_ms: number;
  readonly state: 'started' | 'cached' | 'done' | 'cancelled' | 'failed' | 'log';
  readonly text?: string;
  readonly message?: string;
}
type State = 'waiting' | 'running' | Exclude<StepEvent['state'], 'started' | 'log'>;
interface Step extends StepName {
  state: State;
  started_ms: number;
  ended_ms: number;
  readonly log: string[];
  rest: string;
}

/** Lines of a step that are kept, and that are shown of each while it runs. */
const LOG_LINES_MAX = 200;
const LOG_LINES_SHOWN = 4;
const MARKS: Readonly<Record<State, string>> = { waiting: ' ', running: '>', cached: '✔', done: '✔', cancelled: '-', failed: '✘' };

/** The steps of a build, those of several stages running at the same time. Nothing here reads a clock or writes. */
export class BuildStepsView {
  readonly #steps = new Map<number, Step>();
  readonly #began_ms: number;

  /** `now_ms`: when the steps were named, by the clock of the frames. */
  constructor(names: readonly StepName[], now_ms: number) {
    this.#began_ms = now_ms;
    for (const name of names) this.#steps.set(name.id, { ...name, state: 'waiting', started_ms: 0, ended_ms: 0, log: [], rest: '' });
  }

  feed({ id, at_ms, state, text = '' }: StepEvent): void {
    const step = this.#steps.get(id);
    if (step === undefined) return;
    if (state === 'log') {
      const lines = (step.rest + text).split('\n');
      step.rest = lines.pop() ?? '';
      step.log.push(...lines.map(harmless));
      step.log.splice(0, step.log.length - LOG_LINES_MAX);
    } else if (state === 'started') {
      step.state = 'running';
      step.started_ms = at_ms;
    } else {
      if (step.state === 'waiting') step.started_ms = at_ms;
      step.state = state;
      step.ended_ms = at_ms;
    }
  }

  /** What the steps wrote that failed. */
  failedLog(): readonly string[] {
    return [...this.#steps.values()].filter(({ state }) => state === 'failed').flatMap(logOf);
  }

  /** What runs, each with the end of its output, and of what is over as much as there is room for, in the order of the file. */
  lines({ columns, rows, now_ms }: Frame): readonly string[] {
    const since = now_ms - this.#began_ms;
    const all = [...this.#steps.values()];
    const running = all.filter(({ state }) => state === 'running');
    const over = all.filter(({ state }) => state !== 'running' && state !== 'waiting');
    const tails = Math.max(0, Math.min(LOG_LINES_SHOWN, Math.floor((rows - 2 - running.length) / Math.max(1, running.length))));
    const room = rows - 1 - running.reduce((sum, step) => sum + 1 + Math.min(tails, logOf(step).length), 0);
    const shown = new Set([...running, ...over.slice(Math.max(0, over.length - Math.max(0, room)))]);
    const withStage = new Set(all.map(({ stage }) => stage)).size > 1;
    const lines = all.filter((step) => shown.has(step)).flatMap((step) => stepLines(step, { since, columns, tails, withStage }));
    return [fit(`Building ${seconds(since)} (${over.length}/${all.length})`, columns), ...lines].slice(0, rows);
  }
}

interface Place {
  readonly since: number;
  readonly columns: number;
  readonly tails: number;
  /** Whether there are several, so that each step says which is its own. */
  readonly withStage: boolean;
}

function stepLines(step: Step, { since, columns, tails, withStage }: Place): readonly string[] {
  const { state, stage, number, total, name, started_ms, ended_ms } = step;
  const isRunning = state === 'running';
  const time = state === 'cached' ? 'CACHED' : seconds((isRunning ? since : ended_ms) - started_ms);
  const line = ended(` ${MARKS[state]} [${withStage ? `${stage} ` : ''}${number}/${total}] ${harmless(name.replaceAll('\n', ' '))}`, time, columns);
  return isRunning && tails > 0
    ? [
        line,
        ...logOf(step)
          .slice(-tails)
          .map((text) => fit(`   | ${text}`, columns)),
      ]
    : [line];
}

function logOf({ log, rest }: Step): readonly string[] {
  return rest === '' ? log : [...log, harmless(rest)];
}
