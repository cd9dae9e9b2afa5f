import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#kit';
import { EventHub } from './events.ts';

test('the latest 256 events are remembered at any moment, in their order', () => {
  const hub = new EventHub(systemClock);
  for (let count = 1; count <= 2000; count += 1) {
    hub.emit({ type: 'container', action: 'start', id: String(count), attributes: {} });
    const ids = hub.recent().map(({ id }) => Number(id));
    assert.ok(ids.length >= Math.min(count, 256) && ids.length < 512, `${ids.length} after ${count}`);
    assert.equal(ids.at(-1), count);
    assert.equal(ids.at(-1), (ids[0] ?? 0) + ids.length - 1);
  }
});
