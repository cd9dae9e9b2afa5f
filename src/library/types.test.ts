import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClusterClient, createInformer, kinds, kindRef, type KubeObject } from './index.ts';

interface Backup extends KubeObject {
  spec: { schedule: string; keep?: number };
}
const Backup = kindRef<Backup>({ apiVersion: 'example.com/v1', kind: 'Backup', resource: 'backups', namespaced: true });

/** Never run: `npm run check` compiles it, and an error that is missing is an error. */
async function compiled(client: ClusterClient): Promise<void> {
  const deployment = await client.resource(kinds.Deployment).get('web', 'default');
  const replicas: number | undefined = deployment.spec?.replicas;
  // @ts-expect-error: there is no such field.
  void deployment.spec?.replicaz;
  // @ts-expect-error: nor here.
  await client.resource(kinds.ConfigMap).create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, dta: {} });
  const web = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } };
  // @ts-expect-error: it is a number.
  await client.resource(kinds.Deployment).apply({ ...web, spec: { replicas: '3' } }, { fieldManager: 'me' });
  await client.resource(kinds.Deployment).apply({ ...web, spec: { replicas: 3 } }, { fieldManager: 'me' });
  // @ts-expect-error: a manager has a name.
  await client.resource(kinds.Deployment).apply(web, {});
  const backup = await client.resource(Backup).get('nightly', 'default');
  const schedule: string = backup.spec.schedule;
  // @ts-expect-error: kinds of one's own have types too.
  void backup.spec.shedule;
  const informer = createInformer(client, kinds.Pod, { indexes: { node: ({ spec }) => (spec?.nodeName === undefined ? [] : [spec.nodeName]) } });
  const phase: string | undefined = informer.byIndex('node', 'a')[0]?.status?.phase;
  void [replicas, schedule, phase];
}

test('kinds carry their names for whoever asks at run time', () => {
  assert.equal(typeof compiled, 'function');
  assert.deepEqual(
    { ...kinds.Deployment },
    { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments', namespaced: true, group: 'apps', version: 'v1' },
  );
  assert.equal(kinds.HorizontalPodAutoscaler.apiVersion, 'autoscaling/v2');
  assert.equal(kinds.HorizontalPodAutoscalerV1.apiVersion, 'autoscaling/v1');
  assert.equal(kinds.Event.apiVersion, 'v1');
});
