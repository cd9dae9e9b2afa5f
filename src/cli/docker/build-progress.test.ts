import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '#kit';
import { CommandError } from '../errors.ts';
import { testTerminal } from '../terminal.testing.ts';
import { progressOf, showBuild } from './build-progress.ts';
import { BuildView } from './build-view.ts';
import type { ProgressLine } from './progress.ts';

/** The lines of a view that was told these, one each second. */
function shown(told: readonly (string | ProgressLine)[], { columns = 40, rows = 20 } = {}): readonly string[] {
  const view = new BuildView(0);
  for (const [index, line] of told.entries()) view.feed(typeof line === 'string' ? { stream: line } : line, index * 1000);
  return view.lines({ columns, rows, now_ms: told.length * 1000 });
}
const at = (text: string, time: string) => `${text.padEnd(39 - time.length)} ${time}`;

describe('BuildView', () => {
  it('shows steps with times and marks, and the end of what the running one writes', () =>
    assert.deepEqual(
      shown([
        'Step 1/3 : FROM a\n',
        ' ---> 0123456789ab\n',
        'Step 2/3 : ENV A=1\n ---> Using cache\n',
        ' ---> 0123456789ab\n',
        'Step 3/3 : RUN x\n',
        ' ---> Running in 1\none\ntw',
        'o\n',
      ]),
      ['Building 7.0s (2/3)', at(' ✔ [1/3] FROM a', '1.0s'), at(' ✔ [2/3] ENV A=1', 'CACHED'), at(' > [3/3] RUN x', '3.0s'), '   | one', '   | two'],
    ));
  it('shows what is pulled', () =>
    assert.deepEqual(shown(['Step 1/1 : FROM a\n', { status: 'Pulling' }, { status: 'Downloading', id: 'b' }, { status: 'Done', id: 'b' }]), [
      'Building 4.0s (0/1)',
      at(' > [1/1] FROM a', '4.0s'),
      '   | Pulling',
      '   | b: Done',
    ]));
  it('ends with what was made', () =>
    assert.deepEqual(shown(['Step 1/1 : FROM a\n ---> \n', 'Successfully built 1\nSuccessfully tagged a:b\n']), [
      'Building 2.0s (1/1)',
      at(' ✔ [1/1] FROM a', '0.0s'),
      'Successfully built 1',
      'Successfully tagged a:b',
    ]));
  it('keeps to the size of the window', () => {
    const lines = shown(
      [...Array.from({ length: 30 }, (_, index) => `Step ${index + 1}/31 : RUN ${'x'.repeat(50)}\n ---> \n`), 'Step 31/31 : RUN y\n', `${'z'.repeat(90)}\n`],
      { rows: 8 },
    );
    assert.equal(lines.length, 8);
    for (const line of lines) assert.ok(line.length <= 40, line);
    assert.equal(lines[1], at(` ✔ [26/31] RUN ${'x'.repeat(19)}…`, '0.0s'));
    assert.equal(lines.at(-1), `   | ${'z'.repeat(34)}…`);
  });
  it('takes control characters for what they are', () =>
    assert.deepEqual(shown(['Step 1/1 : RUN x\n', '10%\r 50%\r100%\r\n', '\u001b[31mred\u001b[0m\u0007\u001b[2J\n']).slice(2), ['   | 100%', '   | red ']));
  it('shows the last lines only', () =>
    assert.deepEqual(
      shown(['Step 1/1 : RUN x\n', '1\n2\n3\n4\n5\n6\n7\n8\n']).slice(2),
      ['3', '4', '5', '6', '7', '8'].map((line) => `   | ${line}`),
    ));
  it('tells long times in minutes', () => {
    const view = new BuildView(0);
    assert.deepEqual(view.lines({ columns: 40, rows: 9, now_ms: 125_400 }), ['Building 2m05s (0/0)']);
  });
});

/** A clock whose sleeper is woken at once, `frames` times. */
function stubClock(frames: number): Clock {
  let now = 0;
  const never = (signal?: AbortSignal) => new Promise<void>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  return {
    now: () => now,
    monotonic: () => now,
    setTimer: () => assert.fail('no timer is needed'),
    sleep: (delay_ms, signal) => {
      if (signal?.aborted) return Promise.reject(signal.reason);
      now += delay_ms;
      return frames-- > 0 ? Promise.resolve() : never(signal);
    },
  };
}
async function* said(...lines: readonly ProgressLine[]): AsyncGenerator<ProgressLine> {
  for (const line of lines) yield await Promise.resolve(line);
}

describe('showBuild', () => {
  const story = [{ stream: 'Step 1/1 : RUN x\n' }, { stream: 'output\n' }];

  it('draws over what it drew, and leaves the last', async () => {
    const terminal = testTerminal({ tty: true });
    await showBuild(said(...story, { stream: ' ---> \nSuccessfully built 1\n' }), terminal.stdout, { progress: 'live', clock: stubClock(3) });
    const frames = terminal.out().split('\u001b[J\u001b[?7l').slice(1);
    assert.ok(frames.length >= 2);
    assert.match(frames.at(-1) ?? '', /^Building [\d.]+s \(1\/1\)\n ✔ \[1\/1\] RUN x +[\d.]+s\nSuccessfully built 1\n\u001b\[\?7h$/);
    // Each goes back up over the lines of the one before it.
    const heights = frames.map((frame) => frame.split('\n').length - 1);
    const ups = [...terminal.out().matchAll(/\u001b\[(\d+)A/g)].map(([, lines]) => Number(lines));
    assert.deepEqual(ups, heights.slice(0, -1));
  });
  it('leaves the output of the step that failed', async () => {
    const terminal = testTerminal({ tty: true });
    const failing = showBuild(said(...story, { errorDetail: { code: 3, message: 'returned 3' } }), terminal.stdout, { progress: 'live', clock: stubClock(0) });
    await assert.rejects(failing, (error) => error instanceof CommandError && error.exitStatus === 3);
    assert.match(terminal.out(), /output\n\u001b\[\?7houtput\n$/);
  });
  it('writes plain lines elsewhere', async () => {
    const terminal = testTerminal();
    await showBuild(said(...story), terminal.stdout, { progress: 'plain', clock: stubClock(0) });
    assert.equal(terminal.out(), 'Step 1/1 : RUN x\noutput\n');
  });
  it('is live on a terminal that can, unless it is told otherwise', () => {
    const [tty, pipe, dumb] = [testTerminal({ tty: true }), testTerminal(), testTerminal({ tty: true, environment: { TERM: 'dumb' } })];
    assert.deepEqual(
      [tty, pipe, dumb].map((terminal) => progressOf(undefined, terminal.stdout, terminal)),
      ['live', 'plain', 'plain'],
    );
    assert.deepEqual(
      [progressOf('plain', tty.stdout, tty), progressOf('tty', pipe.stdout, pipe), progressOf('auto', tty.stderr, tty)],
      ['plain', 'live', 'plain'],
    );
    assert.throws(() => progressOf('fancy', tty.stdout, tty), /Cannot take "fancy" for --progress/);
  });
  it('draws the steps where the daemon tells of them, the image below', async () => {
    const terminal = testTerminal({ tty: true });
    const names = [{ id: 1, name: 'RUN x', stage: 'a', number: 1, total: 1 }];
    const events = [
      { aux: { Steps: names } },
      { aux: { Step: { id: 1, at_ms: 0, state: 'started' } } },
      { aux: { Step: { id: 1, at_ms: 1500, state: 'done' } } },
    ];
    await showBuild(said(...events, ...story, { stream: 'Successfully built 1\n' }), terminal.stdout, { progress: 'live', clock: stubClock(0) });
    assert.match(terminal.out(), /Building [\d.]+s \(1\/1\)\n ✔ \[1\/1\] RUN x +1\.5s\nSuccessfully built 1\n\u001b\[\?7h$/);
  });
  it('writes lines as they came with rawjson, the failure too', async () => {
    const terminal = testTerminal();
    const failing = showBuild(said(...story, { error: 'no' }), terminal.stdout, { progress: 'rawjson', clock: stubClock(0) });
    await assert.rejects(failing, /no/);
    assert.deepEqual(
      terminal
        .out()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      [...story, { error: 'no' }],
    );
  });
});
