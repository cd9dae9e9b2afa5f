import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#kit';
import { systemClock } from '#kit';
import { ask, startTestServer } from './testkit/server.ts';

/** A clock that stands until it is moved; timers fire when it passes them. */
function heldClock(start_ms: number): Clock & { advance(by_ms: number): void } {
  let now = start_ms;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    monotonic: () => now,
    sleep: systemClock.sleep,
    setTimer(delay_ms, callback) {
      const timer = { at: now + delay_ms, callback };
      timers.add(timer);
      return { unref() {}, [Symbol.dispose]: () => void timers.delete(timer) };
    },
    advance(by_ms) {
      now += by_ms;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}

test('an Event is forgotten an hour after its last change, and not before', async () => {
  const clock = heldClock(Date.parse('2026-01-02T00:00:00Z'));
  await using server = await startTestServer({ clock });
  const event = (name: string) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    lastTimestamp: new Date(clock.now()).toISOString(),
  });
  const answer = await ask(server, 'watch', 'events', { namespace: 'default' });
  assert.ok(answer.kind === 'watch');
  const iterator = answer.events[Symbol.asyncIterator]();
  await ask(server, 'create', 'events', { namespace: 'default', body: event('first') });
  assert.equal((await iterator.next()).value.type, 'ADDED');
  clock.advance(30 * 60_000);
  await ask(server, 'create', 'events', { namespace: 'default', body: event('second') });
  assert.equal((await iterator.next()).value.type, 'ADDED');
  clock.advance(31 * 60_000);
  const gone = (await iterator.next()).value;
  assert.deepEqual([gone.type, gone.object.metadata.name], ['DELETED', 'first']);
  const left = await ask(server, 'list', 'events');
  assert.deepEqual(left.kind === 'list' && left.list.items.map(({ metadata }) => metadata.name), ['second']);
});
