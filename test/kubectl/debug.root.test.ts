import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';

const web = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: {
    containers: [
      { name: 'main', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'echo served > /tmp/index.html; httpd -f -p 8080 -h /tmp'] },
    ],
    terminationGracePeriodSeconds: 0,
  },
};

test('kubectl debug looks into a Pod that runs, from a container of its own', async () => {
  await using cluster = await startTestCluster();
  const { kubectl, apply } = cluster;
  await apply(web);
  await kubectl('wait --for=condition=Ready pod/web --timeout=20s');
  const image = '--image=busybox --image-pull-policy=IfNotPresent --quiet';
  // It stands in the Pod's network.
  await kubectl(`debug web ${image} -c once -- wget -qO- 127.0.0.1:8080`);
  await eventually('the container to have ended', async () => (await cluster.try(['logs', 'web', '-c', 'once'])).stdout === 'served\n');
  const state = await kubectl('get pod web -o jsonpath={.status.phase},{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}');
  assert.equal(state.trim(), 'Running,0');
  // What is typed reaches it, and what it says comes back.
  const typed = await cluster.try(['debug', 'web', ...image.split(' '), '-c', 'shell', '-i', '--', 'head', '-n', '1'], 'hello\n');
  assert.match(typed.stdout, /hello/, typed.stderr);
  await eventually('it to have ended', async () => {
    const ended = await kubectl('get pod web -o jsonpath={.status.ephemeralContainerStatuses[1].state.terminated.exitCode}');
    return ended.trim() === '0';
  });
  await kubectl('delete pod web --timeout=20s');
});
