import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type KubeObject, kinds } from '#library';
import { startCluster, type TestCluster } from '#testing';
import { type Outcome, run } from '../support/run.ts';

const gantryProgram = new URL('../../bin/gantry', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'gantry-history-'));
after(() => rm(folder, { recursive: true, force: true }));

const MANIFESTS = `
{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: prices, namespace: shop}, data: {tea: "2"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: web}]}}
`;

const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gauges.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: gauges, singular: gauge, kind: Gauge}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {v: {type: integer}}}}}}}]
`;

async function opened(): Promise<{ readonly cluster: TestCluster; readonly gantry: (...words: string[]) => Promise<Outcome> }> {
  const cluster = await startCluster();
  const kubeconfig = join(folder, String(cluster.seed));
  await writeFile(kubeconfig, await cluster.kubeconfig());
  return { cluster, gantry: (...words) => run([gantryProgram, ...words, '--kubeconfig', kubeconfig]) };
}
const replicas = async ({ client }: TestCluster) => (await client.resource(kinds.Deployment).get('web', 'shop')).status?.availableReplicas;

test('what was deleted and changed since a moment is told, and undone', async () => {
  const { cluster, gantry } = await opened();
  await using _cluster = cluster;
  const { client } = cluster;
  await cluster.apply(MANIFESTS);
  await cluster.until('the Deployment to run', async () => (await replicas(cluster)) === 2);
  await cluster.settled();
  const moment = new Date(cluster.clock.now()).toISOString();
  const revision = (await client.resource(kinds.ConfigMap).list()).metadata.resourceVersion ?? '';

  await cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {name: prices, namespace: shop}, data: {tea: "3"}}');
  const prices = await gantry('diff', '--from', moment, 'configmaps', '-n', 'shop');
  assert.equal(prices.status, 1);
  assert.match(
    prices.stdout,
    /^--- configmap\/prices in shop at .* \(revision \d+\)\n\+\+\+ configmap\/prices in shop at now\n[^]*\n-  tea: "2"\n\+  tea: "3"\n$/,
  );

  await client.resource(kinds.Namespace).delete('shop');
  await cluster.until(
    'the namespace to be gone',
    async () => !(await client.resource(kinds.Namespace).list()).items.some(({ metadata }) => metadata.name === 'shop'),
  );
  await cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {name: later}}');
  assert.match((await gantry('diff', '--from', `rev:${revision}`)).stdout, /^--- deployment\.apps\/web in shop at revision \d+\n\+\+\+ \/dev\/null$/m);

  const told = await gantry('undo', '--to', moment, '--dry-run');
  assert.match(told.stdout, /^back to .*:\n {2}create namespace\/shop, which was deleted\n[^]* {2}create deployment\.apps\/web in shop, which was deleted\n/);
  assert.doesNotMatch(told.stdout, /later|replicaset|pod\//, 'what came later stays, and what controllers make they make again');
  const unasked = await gantry('undo', '--to', moment);
  assert.deepEqual([unasked.status, /Add --yes to do it/.test(unasked.stderr)], [2, true]);

  const done = await gantry('undo', '--to', moment, '--prune', '--yes');
  assert.equal(done.status, 0, done.stderr);
  await cluster.until('the Deployment to run again', async () => (await replicas(cluster)) === 2);
  assert.deepEqual((await client.resource(kinds.ConfigMap).get('prices', 'shop')).data, { tea: '2' });
  assert.match(done.stdout, /done: delete configmap\/later in default, which was not there/);
  await cluster.settled();
  assert.equal((await gantry('undo', '--to', moment, '--dry-run')).stdout.replace(/ \d{4}.*/, ''), 'nothing is different from\n');
});

test('one object alone is undone, by its name', async () => {
  const { cluster, gantry } = await opened();
  await using _cluster = cluster;
  const [first] = await cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {k: a}}');
  await cluster.apply(['one', 'other'].map((name) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { k: 'b' } })));
  const { status, stdout } = await gantry('undo', '--to', `rev:${first?.metadata.resourceVersion}`, 'configmap/one', '--prune', '--yes');
  assert.equal(status, 0);
  assert.match(stdout, /^back to revision \d+:\n {2}change configmap\/one in default back\ndone: /);
  const { items } = await cluster.client.resource(kinds.ConfigMap).list({ namespace: 'default' });
  assert.deepEqual(
    items.filter(({ data }) => data?.k).map(({ metadata, data }) => [metadata.name, data?.k]),
    [
      ['one', 'a'],
      ['other', 'b'],
    ],
  );
});

test('a definition comes back with what there was of it, owners before what they own; what nobody would own is refused', async () => {
  const { cluster, gantry } = await opened();
  await using _cluster = cluster;
  const { client } = cluster;
  const maps = client.resource(kinds.ConfigMap);
  await cluster.apply(DEFINITION);
  const [gauge] = await cluster.apply('{apiVersion: example.com/v1, kind: Gauge, metadata: {name: g, namespace: default}, spec: {v: 1}}');
  const [parent] = await cluster.apply('{apiVersion: v1, kind: ConfigMap, metadata: {name: parent, namespace: default, finalizers: [example.com/hold]}}');
  const owned = (name: string, owner: KubeObject | undefined) => {
    const { apiVersion = '', kind = '', metadata = {} } = owner ?? {};
    const ownerReferences = [{ apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '' }];
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', ownerReferences } };
  };
  const last = (await cluster.apply([owned('child', parent), owned('gauged', gauge)])).at(-1);
  const moment = `rev:${last?.metadata.resourceVersion}`;

  await client.resource(kinds.CustomResourceDefinition).delete('gauges.example.com');
  await maps.delete('parent', 'default');
  await maps.patch('parent', 'default', 'merge', { metadata: { finalizers: null } });
  const names = async () => (await maps.list({ namespace: 'default' })).items.map(({ metadata }) => metadata.name);
  await cluster.until('all of it to be collected', async () => !(await names()).some((name) => name !== 'kube-root-ca.crt'));

  const alone = await gantry('undo', '--to', moment, 'configmap/child', '--yes');
  assert.equal(alone.status, 1, alone.stdout);
  assert.match(alone.stderr, /create configmap\/child in default, which was deleted: its owner ConfigMap "parent" is not there/);
  assert.match((await gantry('diff', '--from', moment)).stderr, /gauges\.example\.com are not served any more/);
  const told = await gantry('undo', '--to', moment, '--dry-run');
  assert.match(told.stdout, /create customresourcedefinition\S+\/gauges.example.com, which was deleted, and what there was of it\n/);
  assert.doesNotMatch(told.stdout, /apiservice/, 'the server makes it itself');
  const done = await gantry('undo', '--to', moment, '--yes');
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /done: create gauge\.example\.com\/g in default, which was deleted\n/);
  await cluster.settled();
  assert.deepEqual((await names()).toSorted(), ['child', 'gauged', 'kube-root-ca.crt', 'parent']);
  assert.equal((await maps.get('child', 'default')).metadata.ownerReferences?.[0]?.uid, (await maps.get('parent', 'default')).metadata.uid);
  assert.match((await gantry('undo', '--to', moment, '--dry-run')).stdout, /^nothing is different/);
});

test('what cannot be looked at is refused in words', async () => {
  const { cluster, gantry } = await opened();
  await using _cluster = cluster;
  for (const [word, status, words] of [
    ['10h', 2, /history does not reach so far, it goes back to 2/],
    ['rev:999999', 2, /999999/],
    ['rev:1', 2, /Cannot look at revision 1: history does not reach so far, it goes back to 2/],
    ['yesterday', 2, /Cannot take "yesterday" for a moment: write now, 10m or 1h30m/],
    ['2999-01-01T00:00:00Z', 2, /it is yet to come/],
  ] as const) {
    const outcome = await gantry('diff', '--from', word);
    assert.equal(outcome.status, status, word);
    assert.match(outcome.stderr, words);
  }
});
