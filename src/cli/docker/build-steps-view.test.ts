import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BuildStepsView, type StepEvent } from './build-steps-view.ts';

const NAMES = [
  { id: 1, name: 'FROM a', stage: 'one', number: 1, total: 2 },
  { id: 2, name: 'RUN x', stage: 'one', number: 2, total: 2 },
  { id: 3, name: 'RUN y', stage: '1', number: 1, total: 1 },
];
const at = (text: string, time: string) => `${text.padEnd(39 - time.length)} ${time}`;

function shown(events: readonly StepEvent[], { now_ms = 5000, rows = 20 } = {}): readonly string[] {
  const view = new BuildStepsView(NAMES, 1000);
  for (const event of events) view.feed(event);
  return view.lines({ columns: 40, rows, now_ms });
}

describe('BuildStepsView', () => {
  it('shows what runs at the same time, each with the end of its own output', () =>
    assert.deepEqual(
      shown([
        { id: 1, at_ms: 0, state: 'cached' },
        { id: 2, at_ms: 1000, state: 'started' },
        { id: 3, at_ms: 2500, state: 'started' },
        { id: 2, at_ms: 1500, state: 'log', text: 'p\nq' },
        { id: 3, at_ms: 2600, state: 'log', text: '1\n2\n3\n4\n5\n' },
        { id: 2, at_ms: 1600, state: 'log', text: 'r' },
      ]),
      [
        'Building 4.0s (1/3)',
        at(' ✔ [one 1/2] FROM a', 'CACHED'),
        at(' > [one 2/2] RUN x', '3.0s'),
        '   | p',
        '   | qr',
        at(' > [1 1/1] RUN y', '1.5s'),
        '   | 2',
        '   | 3',
        '   | 4',
        '   | 5',
      ],
    ));
  it('marks how steps came out', () =>
    assert.deepEqual(
      shown([
        { id: 1, at_ms: 0, state: 'done' },
        { id: 2, at_ms: 0, state: 'started' },
        { id: 3, at_ms: 0, state: 'started' },
        { id: 2, at_ms: 2000, state: 'failed', message: 'm' },
        { id: 3, at_ms: 2100, state: 'cancelled' },
      ]),
      ['Building 4.0s (3/3)', at(' ✔ [one 1/2] FROM a', '0.0s'), at(' ✘ [one 2/2] RUN x', '2.0s'), at(' - [1 1/1] RUN y', '2.1s')],
    ));
  it('keeps to the size of the window, the running steps first', () => {
    const events: StepEvent[] = [
      { id: 1, at_ms: 0, state: 'done' },
      { id: 2, at_ms: 0, state: 'started' },
      { id: 3, at_ms: 0, state: 'started' },
      { id: 2, at_ms: 1, state: 'log', text: 'a\nb\nc\n' },
    ];
    assert.deepEqual(shown(events, { rows: 3 }), ['Building 4.0s (1/3)', at(' > [one 2/2] RUN x', '4.0s'), at(' > [1 1/1] RUN y', '4.0s')]);
    for (let rows = 1; rows < 12; rows += 1) assert.ok(shown(events, { rows }).length <= rows);
  });
  it('steers no terminal', () => {
    const lines = shown([
      { id: 2, at_ms: 0, state: 'started' },
      { id: 2, at_ms: 1, state: 'log', text: '10%\r99%\n\u001b[31mred\u001b[2J\u0007\n' },
    ]);
    assert.deepEqual(lines.slice(2), ['   | 99%', '   | red ']);
  });
  it('tells what a failed step wrote, and nothing of a step that it does not know', () => {
    const view = new BuildStepsView(NAMES, 0);
    for (const event of [
      { id: 2, at_ms: 1, state: 'log', text: 'oh\nno' },
      { id: 3, at_ms: 1, state: 'log', text: 'well' },
      { id: 9, at_ms: 1, state: 'done' },
      { id: 2, at_ms: 2, state: 'failed' },
    ] as const)
      view.feed(event);
    assert.deepEqual(view.failedLog(), ['oh', 'no']);
  });
});
