import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#kit';
import { silentLogger } from '#kit';
import { createController } from './controller.ts';
import { WorkQueue } from './work-queue.ts';

/** Time that moves only when told. */
function heldClock(): Clock & { advance(by_ms: number): void; timers(): number } {
  let now_ms = 0;
  let timers: { at_ms: number; callback: () => void }[] = [];
  return {
    now: () => now_ms,
    monotonic: () => now_ms,
    setTimer(delay_ms, callback) {
      const timer = { at_ms: now_ms + delay_ms, callback };
      timers.push(timer);
      return { unref: () => undefined, [Symbol.dispose]: () => void (timers = timers.filter((one) => one !== timer)) };
    },
    sleep: () => Promise.reject(new Error('not used')),
    timers: () => timers.length,
    advance(by_ms) {
      now_ms += by_ms;
      const due = timers.filter(({ at_ms }) => at_ms <= now_ms);
      timers = timers.filter(({ at_ms }) => at_ms > now_ms);
      for (const { callback } of due) callback();
    },
  };
}
const random = { bytes: (count: number) => new Uint8Array(count), hex: (length: number) => '0'.repeat(length), fraction: () => 0.5 };

test('a key stands in the queue once, is worked on once at a time, and comes again when added meanwhile', () => {
  const clock = heldClock();
  const queue = new WorkQueue({ clock, random, onReady: () => undefined });
  queue.add('a');
  queue.add('a');
  assert.equal(queue.take(), 'a');
  assert.equal(queue.take(), undefined);
  queue.add('a');
  assert.equal(queue.take(), undefined, 'still worked on');
  queue.done('a');
  assert.equal(queue.take(), 'a');
  queue.done('a');
  assert.equal(queue.take(), undefined);
});

test('of several delays the earliest counts; retries wait twice as long each time', () => {
  const clock = heldClock();
  const queue = new WorkQueue({ clock, random, onReady: () => undefined });
  queue.addAfter('a', 100);
  queue.addAfter('a', 50);
  queue.addAfter('a', 200);
  assert.equal(clock.timers(), 1);
  clock.advance(50);
  assert.equal(queue.take(), 'a');
  queue.done('a');
  for (const wait_ms of [5, 10, 20, 40]) {
    queue.retry('b');
    clock.advance(wait_ms - 1);
    assert.equal(queue.take(), undefined);
    clock.advance(1);
    assert.equal(queue.take(), 'b');
    queue.done('b');
  }
  assert.equal(clock.timers(), 0, 'an idle queue holds no timer');
});

test('a controller works at once, tries again what failed, and says so', async () => {
  const clock = heldClock();
  const seen: string[] = [];
  let fail = true;
  const reconcile = async (key: string) => {
    seen.push(key);
    if (fail) throw new Error('no luck');
    return undefined;
  };
  const controller = createController({ name: 'test', clock, random, logger: silentLogger, reconcile });
  controller.add('a');
  controller.start();
  await new Promise(setImmediate);
  assert.deepEqual(controller.health(), { name: 'test', running: true, failing: { a: 'no luck' } });
  fail = false;
  clock.advance(5);
  await new Promise(setImmediate);
  assert.deepEqual(seen, ['a', 'a']);
  assert.deepEqual(controller.health().failing, {});
  await controller.stop();
  controller.add('b');
  await new Promise(setImmediate);
  assert.deepEqual(seen, ['a', 'a']);
  assert.equal(clock.timers(), 0);
});
