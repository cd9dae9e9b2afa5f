import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { kinds } from '#library';
import { startCluster } from '#testing';
import { run } from '../support/run.ts';

const folder = await mkdtemp(join(tmpdir(), 'gantry-resize-'));
after(() => rm(folder, { recursive: true, force: true }));

const both = (cpu: string) => ({ requests: { cpu, memory: '64Mi' }, limits: { cpu, memory: '64Mi' } });
const pod = (name: string, cpu: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'app', resources: both(cpu) }] },
});

test('kubectl resizes a Pod of a simulated node, and the scheduler counts what it holds; a fork goes on from there', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const { client } = cluster;
  const config = join(folder, 'config');
  await writeFile(config, await cluster.kubeconfig());
  const kubectl = (...words: string[]) => run(['kubectl', '--kubeconfig', config, ...words]);
  const get = (name: string) => client.resource(kinds.Pod).get(name, 'default');
  const resize = (name: string, cpu: string) =>
    kubectl('patch', 'pod', name, '--subresource', 'resize', '--patch', JSON.stringify({ spec: { containers: [{ name: 'main', resources: both(cpu) }] } }));
  const has = async (name: string) => (await get(name)).status?.containerStatuses?.[0]?.resources?.limits?.cpu;
  const node = (await client.resource(kinds.Node).list()).items[0];
  const cores = Number(node?.status?.allocatable?.cpu);
  await cluster.apply([pod('web', '1')]);
  await cluster.until('it to run', async () => (await get('web')).status?.phase === 'Running');
  const half = String(Math.ceil(cores / 2) + 1);
  const { stdout, stderr } = await resize('web', half);
  assert.match(stdout, /patched/);
  assert.equal(stderr, '');
  await cluster.until('it to have more', async () => (await has('web')) === half);
  assert.equal((await get('web')).status?.containerStatuses?.[0]?.restartCount, 0);
  await cluster.apply([pod('late', half)]);
  const scheduled = async () => (await get('late')).status?.conditions?.find(({ type }) => type === 'PodScheduled');
  await cluster.until('the other to find no room', async () => (await scheduled())?.message === '0/1 nodes are available: 1 Insufficient cpu.');
  await resize('web', '1');
  await cluster.until('the other to find room', async () => (await get('late')).status?.phase === 'Running');
  await resize('web', half);
  const pending = async () => (await get('web')).status?.conditions?.find(({ type }) => type === 'PodResizePending');
  await cluster.until('the wish to wait', async () => (await pending())?.reason === 'Deferred');
  await using fork = await cluster.fork();
  await fork.client.resource(kinds.Pod).delete('late', 'default', { gracePeriodSeconds: 0 });
  await fork.until('it to be granted', async () => {
    const { status } = await fork.client.resource(kinds.Pod).get('web', 'default');
    return status?.containerStatuses?.[0]?.resources?.limits?.cpu === half && !status.conditions?.some(({ type }) => type.startsWith('PodResize'));
  });
  assert.equal(await has('web'), '1', 'the cluster that was forked goes its own way');
});
