import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '#kit';
import { startCluster } from './index.ts';

test('a field that the kind has not is refused by its path, as kubectl does', async () => {
  await using cluster = await startCluster({ nodes: 0 });
  const text = '{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: x, commandz: [a]}]}}';
  await assert.rejects(cluster.apply(text), /Pod p: .*unknown field "spec\.containers\[0\]\.commandz"|Pod p: .*commandz/);
  await assert.rejects(cluster.apply('{kind: Pod, metadata: {name: p}}'), /Pod p: apiVersion: Required value/);
});

test('what is waited for may happen outside the cluster', async () => {
  await using cluster = await startCluster({ nodes: 0 });
  let happened = false;
  using _timer = systemClock.setTimer(300, () => (happened = true));
  const since_ms = systemClock.monotonic();
  await cluster.until('something elsewhere', () => happened, 60_000);
  assert.ok(systemClock.monotonic() - since_ms < 30_000, 'it did not wait until its patience ended');
});
