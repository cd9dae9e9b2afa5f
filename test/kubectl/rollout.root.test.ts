import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { SERVE, startTestCluster } from '../support/cluster.ts';
import { MYAPP } from '../support/manifests.ts';

const cluster = await startTestCluster();
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field } = cluster;

const WEB = MYAPP.replace('        ports:', '        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}\n        ports:').split('---')[0] ?? '';
const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'myservice' },
  spec: { type: 'NodePort', selector: { app: 'myapp' }, ports: [{ port: 80, nodePort: 30080 }] },
};

/** Rolls to an image while requests come, and says how many came and what failed. */
async function rollUnderLoad(t: TestContext, urls: readonly string[], images: readonly string[]): Promise<void> {
  await using load = await cluster.load(urls);
  for (const image of images) {
    await kubectl(`set image deployment/myapp mycontainer=myregistry/myimage:${image}`);
    await kubectl('rollout status deployment/myapp --timeout=30s');
  }
  const { count, failures, answers } = await load.end();
  t.diagnostic(`${images.length} rollouts: ${count} requests on new connections, ${failures.length} failures, ${Object.keys(answers).length} Pods answered`);
  assert.deepEqual(failures, []);
  assert.ok(count >= 1000);
  for (const image of images)
    assert.ok(
      Object.keys(answers).some((answer) => answer.endsWith(` ${image}`)),
      `none of version ${image} answered`,
    );
}

suite('no request fails while a Deployment rolls, though its server ends at once on SIGTERM', () => {
  let urls: readonly string[] = [];
  before(async () => {
    await apply(WEB);
    await apply(SERVICE);
    await kubectl('rollout status deployment/myapp --timeout=20s');
    urls = [`http://${await field('service/myservice', '.spec.clusterIP')}/`, 'http://192.0.2.10:30080/'];
  });

  test('with three replicas, through the ClusterIP and a NodePort, there and back', (t) => rollUnderLoad(t, urls, ['2.0', '1.0', '2.0']));

  test('with three replicas of which none may be missing', async (t) => {
    await kubectl('patch deployment myapp -p {"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":0}}}}');
    await rollUnderLoad(t, urls, ['1.0', '2.0']);
  });

  test('with one replica', async (t) => {
    await kubectl('scale deployment myapp --replicas=1');
    await kubectl('rollout status deployment/myapp --timeout=20s');
    await rollUnderLoad(t, urls, ['1.0', '2.0', '1.0']);
  });

  test('scaling down', async (t) => {
    await kubectl('scale deployment myapp --replicas=4');
    await kubectl('rollout status deployment/myapp --timeout=20s');
    await using load = await cluster.load(urls);
    await kubectl('scale deployment myapp --replicas=1');
    await kubectl('wait --for=jsonpath={.status.replicas}=1 deployment/myapp --timeout=20s');
    const { count, failures } = await load.end();
    t.diagnostic(`scaled from 4 to 1: ${count} requests, ${failures.length} failures`);
    assert.deepEqual(failures, []);
  });

  test('with a server that takes its time and yet ends at once on SIGTERM', async (t) => {
    const answer = String.raw`printf '#!/bin/sh\nsleep 0.3\necho Content-Type: text/plain\necho\necho done\n' > /www/cgi-bin/slow`;
    const serve = `mkdir -p /www/cgi-bin; ${answer}; chmod +x /www/cgi-bin/slow; ${SERVE}`;
    const command = JSON.stringify({ spec: { template: { spec: { containers: [{ name: 'mycontainer', command: ['sh', '-c', serve] }] } } } });
    await cluster.try(['patch', 'deployment', 'myapp', '-p', command]);
    await kubectl('scale deployment myapp --replicas=3');
    await kubectl('rollout status deployment/myapp --timeout=20s');
    await using load = await cluster.load(
      urls.map((url) => `${url}cgi-bin/slow`),
      { least: 20, workers: 8 },
    );
    for (const image of ['2.0', '1.0']) {
      await kubectl(`set image deployment/myapp mycontainer=myregistry/myimage:${image}`);
      await kubectl('rollout status deployment/myapp --timeout=30s');
    }
    const { count, failures } = await load.end();
    t.diagnostic(`2 rollouts: ${count} requests of 0.3 s each, ${failures.length} failures`);
    assert.deepEqual(failures, []);
  });
});
