import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, suite, test } from 'node:test';
import { startTestCluster } from '../support/cluster.ts';
import { MYAPP } from '../support/manifests.ts';
import { eventually } from '../support/eventually.ts';

const cluster = await startTestCluster(['--autoscaler-period', '1s']);
after(() => cluster[Symbol.asyncDispose]());
const { kubectl, apply, field } = cluster;

/** Works while the file that all Pods share stands. */
const WORK = 'trap "exit 0" TERM; while :; do if [ -e /load/on ]; then i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; else sleep 0.2 & wait $!; fi; done';
const folder = `${cluster.daemon.folder}/load`;
const workers = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'myapp' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'myapp' } },
    template: {
      metadata: { labels: { app: 'myapp' } },
      spec: {
        terminationGracePeriodSeconds: 2,
        containers: [
          {
            name: 'mycontainer',
            image: 'myregistry/myimage:1.0',
            command: ['sh', '-c', WORK],
            resources: { requests: { cpu: '50m' }, limits: { cpu: '100m' } },
            volumeMounts: [{ name: 'load', mountPath: '/load' }],
          },
        ],
        volumes: [{ name: 'load', hostPath: { path: folder, type: 'DirectoryOrCreate' } }],
      },
    },
  },
};
const autoscaler = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'myautoscaler' },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'myapp' },
    minReplicas: 3,
    maxReplicas: 10,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
    behavior: { scaleDown: { stabilizationWindowSeconds: 3, policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }] } },
  },
};
const replicas = async () => Number(await field('deployment/myapp', '.spec.replicas'));

suite('a HorizontalPodAutoscaler', () => {
  test('the autoscaling/v1 manifest of the walk-through says why it knows nothing of Pods without a request', async () => {
    await apply(MYAPP);
    await eventually('the reason', async () => /missing request for cpu/.test(await kubectl('describe hpa myautoscaler')));
    await eventually('its second look, which counts the replicas', async () =>
      /Deployment\/myapp +cpu: <unknown>\/50% +3 +10 +3/.test(await kubectl('get hpa myautoscaler --no-headers')),
    );
  });

  test('shows the load, raises the replicas above 3 and never above 10, and lowers them when the load ends', async (t) => {
    await kubectl('delete deployment myapp --cascade=foreground --timeout=20s');
    await apply(workers);
    await apply(autoscaler);
    await kubectl('rollout status deployment/myapp --timeout=20s');
    await eventually('a figure', async () => /cpu: \d+%\/50%/.test(await kubectl('get hpa myautoscaler --no-headers')));
    assert.equal(await replicas(), 3);

    const counts = new Set<number>();
    const watch = async (what: string, isThere: (count: number) => boolean) => {
      const began_ms = performance.now();
      await eventually(
        what,
        async () => {
          const count = await replicas();
          counts.add(count);
          return isThere(count);
        },
        30_000,
      );
      return Math.round(performance.now() - began_ms);
    };
    await writeFile(`${folder}/on`, '');
    t.diagnostic(`load began to more than 3 replicas: ${await watch('more than 3 replicas', (count) => count > 3)} ms`);
    t.diagnostic(`then to 10: ${await watch('10 replicas', (count) => count >= 10)} ms`);
    assert.match(await kubectl('describe hpa myautoscaler'), /SuccessfulRescale[^\n]*New size: \d+; reason: cpu resource utilization/);
    await cluster.shell(`rm ${folder}/on`);
    t.diagnostic(`load ended to 3 replicas, window of 3 s: ${await watch('3 replicas', (count) => count === 3)} ms`);
    assert.ok(Math.max(...counts) === 10 && Math.min(...counts) === 3, [...counts].join());
    await kubectl('wait deployment/myapp --for=jsonpath={.status.replicas}=3 --timeout=20s');
  });
});
