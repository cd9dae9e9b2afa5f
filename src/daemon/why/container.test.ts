import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerFindings } from './container.ts';
import type { ContainerFacts } from './types.ts';

const EXIT = { exitCode: 0, oomKilled: false, startedAt_ms: 1_000, finishedAt_ms: 3_500 };
const FACTS: ContainerFacts = {
  name: 'web',
  title: 'container web',
  image: 'busybox',
  command: ['httpd', '-f'],
  status: 'exited',
  exit: EXIT,
  signals: [],
  stopped: false,
  forgotten: false,
  restart: { policy: 'no', count: 0, isOff: false },
  log: [],
};
const code = (exitCode: number, more: Partial<ContainerFacts> = {}): Partial<ContainerFacts> => ({ exit: { ...EXIT, exitCode }, ...more });
const { exit: _exit, ...WITHOUT_EXIT } = FACTS;

for (const [what, facts, step, ok, words] of [
  ['it ended well', { ...FACTS }, 'end', true, /exit code 0: its main process had done/],
  ['state', { ...FACTS }, 'state', false, /^container web \(busybox: httpd -f\) is exited, since 1970-01-01T00:00:03Z, after 2\.5 s$/],
  ['never started', { ...WITHOUT_EXIT, status: 'created' }, 'state', false, /never started/],
  ['its own failure', { ...FACTS, ...code(3) }, 'end', false, /exit code 3: the program said that it failed/],
  ['not executable', { ...FACTS, ...code(126) }, 'end', false, /126: the command was found but could not be executed/],
  ['not found', { ...FACTS, ...code(127) }, 'end', false, /127: the command was not found/],
  ['a crash', { ...FACTS, ...code(139) }, 'end', false, /SIGSEGV/],
  [
    'a signal',
    { ...FACTS, ...code(143, { signals: [15], stopped: true }) },
    'end',
    false,
    /143: it ended at the signal SIGTERM, which was sent through Gantry/,
  ],
  ['an abort', { ...FACTS, ...code(134) }, 'end', false, /134: it ended at the signal SIGABRT$/],
  ['memory', { ...FACTS, memory_bytes: 2 ** 23, exit: { ...EXIT, exitCode: 137, oomKilled: true } }, 'end', false, /out of memory \(its limit is 8 MiB\)/],
  ['a stop that took too long', { ...FACTS, ...code(137, { signals: [15, 9], stopped: true }) }, 'end', false, /by "stop": it had not ended in time/],
  ['a stop at once', { ...FACTS, ...code(137, { signals: [9], stopped: true }) }, 'end', false, /time was over at once/],
  ['a kill', { ...FACTS, ...code(137, { signals: [9] }) }, 'end', false, /by "kill"/],
  ['a stranger', { ...FACTS, ...code(137) }, 'end', false, /not through Gantry/],
  ['a stranger, or before the daemon', { ...FACTS, ...code(137, { forgotten: true }) }, 'end', false, /is not remembered/],
  ['no start', { ...FACTS, exit: { ...EXIT, exitCode: 127, error: 'exec: "x": not found' } }, 'start', false, /could not start: exec/],
  [
    'back-off',
    { ...FACTS, status: 'restarting', restart: { policy: 'always', count: 3, isOff: false } },
    'restart',
    false,
    /doubles up to one minute; it was started again 3 times/,
  ],
  [
    'given up',
    { ...FACTS, ...code(1), restart: { policy: 'on-failure', maximumRetries: 2, count: 2, isOff: false } },
    'restart',
    false,
    /gave up after 2 tries/,
  ],
  ['stopped by hand', { ...FACTS, restart: { policy: 'always', count: 1, isOff: true } }, 'restart', true, /stopped by hand; it was started again 1 time$/],
  ['no failure', { ...FACTS, restart: { policy: 'on-failure', count: 0, isOff: false } }, 'restart', true, /does not start again what ended with 0/],
  [
    'ill',
    { ...WITHOUT_EXIT, status: 'running', health: { status: 'unhealthy', failingStreak: 3, exitCode: 1, output: 'too hot\n' } },
    'health',
    false,
    /^unhealthy \(3 in a row failed\); the last check ended with 1 and said: too hot$/,
  ],
  ['log', { ...FACTS, log: ['one', 'two'] }, 'log', true, /^the last lines:\none\ntwo$/],
] as const)
  test(`why container: ${what}`, () => {
    const found = containerFindings(facts).find((finding) => finding.step === step);
    assert.equal(found?.ok, ok);
    assert.match(found?.detail ?? '', words);
  });

test('why container: one that runs and is well stops nowhere', () => {
  assert.deepEqual(
    containerFindings({ ...WITHOUT_EXIT, status: 'running' }).map(({ ok }) => ok),
    [true],
  );
});
