import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { MYAPP } from '../support/manifests.ts';
import { seeded } from '../support/seeded.ts';

/** How many changes: a sample, or with GANTRY_SOAK_CHANGES as many as that says. */
const CHANGES = Number(process.env.GANTRY_SOAK_CHANGES ?? 60);
const SEED = Number(process.env.GANTRY_SEED ?? 1);
const REQUESTS_MOST = 5_000_000;

const cluster = await startTestCluster(['--autoscaler-period', '1s']);
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field } = cluster;

const WEB = MYAPP.replace(
  '        ports:',
  '        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}\n        resources: {requests: {cpu: 20m}}\n        ports:',
).split('---')[0];
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'myservice' },
  spec: { type: 'NodePort', selector: { app: 'myapp' }, ports: [{ port: 80, nodePort: 30080 }] },
};
const AUTOSCALER = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'myautoscaler' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'myapp' },
    minReplicas: 2,
    maxReplicas: 8,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 2, policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }] } },
  },
};

test('no request fails while an autoscaler, a hand and new images change a Deployment faster than its rollouts end', async (t) => {
  const random = seeded(SEED);
  const change = async () => {
    const choice = random();
    if (choice < 0.5) await kubectl(`set image deployment/myapp mycontainer=myregistry/myimage:${random() < 0.5 ? '1.0' : '2.0'}`);
    else if (choice < 0.8) await kubectl(`scale deployment myapp --replicas=${2 + Math.floor(random() * 6)}`);
    // Not every rollout ends within its time, and need not.
    else await cluster.try(['rollout', 'status', 'deployment/myapp', '--timeout=2s']);
  };
  await apply(WEB ?? '');
  await apply(SERVICE);
  await kubectl('rollout status deployment/myapp --timeout=20s');
  await apply(AUTOSCALER);
  const urls = [`http://${await field('service/myservice', '.spec.clusterIP')}/`, 'http://192.0.2.10:30080/'];
  await using load = await cluster.load(urls, { most: REQUESTS_MOST });
  for (let count = 0; count < CHANGES; count += 1) await change();
  const { count, failures, answers } = await load.end();
  t.diagnostic(`${CHANGES} changes, seed ${SEED}: ${count} requests on new connections, ${failures.length} failures, ${Object.keys(answers).length} Pods`);
  assert.deepEqual(failures, []);
});
