import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NAMESPACES } from '#cluster/client';
import { systemClock } from '#kit';
import { type ClusterOptions, startCluster } from './index.ts';

for (const [options, words] of [
  [{ nodes: -1 }, /nodes is -1, want a whole number from 0/],
  [{ nodes: 1.5 }, /nodes is 1\.5, want a whole number from 0/],
  [{ nodes: 1e9 }, /nodes is 1000000000, want a whole number from 0 to 24320/],
  [{ nodes: '3' }, /nodes is "3", want a whole number from 0 to 24320, or a list of nodes/],
  [{ seed: 'x' }, /seed is "x", want a whole number/],
  [{ clock: 'slow' }, /clock is "slow", want "system" or "fake"/],
  [{ startTime: new Date(0) }, /startTime is for \{ clock: 'fake' \}/],
  [{ clock: 'fake', startTime: new Date(Number.NaN) }, /startTime is no date/],
  [{ nodez: 3 }, /there is no option "nodez"/],
] as const)
  test(`startCluster refuses ${JSON.stringify(options)}`, async () => {
    // What a program without types may say.
    await assert.rejects(startCluster(options as object as ClusterOptions), words);
  });

test("what every cluster has is as old as a cluster of the machine's clock", async () => {
  await using cluster = await startCluster({ nodes: 0 });
  const { items } = await cluster.client.resource(NAMESPACES).list();
  const ages_ms = items.map(({ metadata }) => systemClock.now() - Date.parse(metadata.creationTimestamp ?? ''));
  assert.ok(ages_ms.length >= 4 && ages_ms.every((age_ms) => age_ms >= 0 && age_ms < 600_000), ages_ms.join());
  await using fake = await startCluster({ nodes: 0, clock: 'fake' });
  const [first] = (await fake.client.resource(NAMESPACES).list()).items;
  assert.equal(first?.metadata.creationTimestamp, '2026-01-01T00:00:00Z');
});
