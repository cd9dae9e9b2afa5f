import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { V1Deployment, V1ReplicaSet } from '#cluster/api';
import { DESIRED, MAX, REVISION } from './annotations.ts';
import { limitsOf } from './limits.ts';
import { type DeploymentAction, planDeployment } from './reconcile.ts';
import { newestSize, shrinkOlds } from './rolling.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
function deployment(image: string, replicas: number, more: object = {}): V1Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n', uid: 'u', generation: 1 },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image }] } },
      ...more,
    },
  };
}
function replicaSet(image: string, size: number, available = size, revision = 1, desired = 3): V1ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `d-${image}`,
      namespace: 'n',
      uid: image,
      creationTimestamp: `2026-01-01T00:00:0${revision}Z`,
      annotations: { [REVISION]: String(revision), [DESIRED]: String(desired), [MAX]: String(desired + 1) },
    },
    spec: {
      replicas: size,
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd', 'pod-template-hash': image } }, spec: { containers: [{ name: 'c', image }] } },
    },
    status: { replicas: size, readyReplicas: available, availableReplicas: available },
  };
}
/** Changed since its status was written. */
const changed = (one: V1ReplicaSet): V1ReplicaSet => ({
  ...one,
  metadata: { ...one.metadata, generation: 2 },
  status: { replicas: 0, ...one.status, observedGeneration: 1 },
});
const short = (actions: readonly DeploymentAction[]) =>
  actions.flatMap((action) =>
    action.type === 'create' || action.type === 'update'
      ? [`${action.type} ${action.replicaSet.spec?.template?.spec?.containers[0]?.image} ${action.replicaSet.spec?.replicas}`]
      : action.type === 'delete'
        ? [`delete ${action.replicaSet.metadata.name}`]
        : [],
  );

for (const [surge, unavailable, replicas, expected] of [
  ['25%', '25%', 3, { replicas: 3, surge: 1, unavailable: 0 }],
  ['25%', '25%', 10, { replicas: 10, surge: 3, unavailable: 2 }],
  [0, '10%', 3, { replicas: 3, surge: 0, unavailable: 1 }],
  [0, 5, 3, { replicas: 3, surge: 0, unavailable: 3 }],
  ['200%', 0, 2, { replicas: 2, surge: 4, unavailable: 0 }],
] as const) {
  test(`surge ${surge} and unavailable ${unavailable} of ${replicas}`, () => {
    assert.deepEqual(limitsOf(deployment('a', replicas, { strategy: { rollingUpdate: { maxSurge: surge, maxUnavailable: unavailable } } })), expected);
  });
}

for (const [what, view, expected] of [
  ['first', { deployment: deployment('a', 3), sets: [] }, ['create a 3']],
  ['a new template', { deployment: deployment('b', 3), sets: [replicaSet('a', 3)] }, ['create b 1']],
  ['the new one is not available', { deployment: deployment('b', 3), sets: [replicaSet('a', 3), replicaSet('b', 1, 0, 2)] }, []],
  ['the new one is available', { deployment: deployment('b', 3), sets: [replicaSet('a', 3), replicaSet('b', 1, 1, 2)] }, ['update a 2']],
  ['room again', { deployment: deployment('b', 3), sets: [replicaSet('a', 2), replicaSet('b', 1, 1, 2)] }, ['update b 2']],
  ['unhealthy old ones go first', { deployment: deployment('b', 3), sets: [replicaSet('a', 3, 1), replicaSet('b', 1, 0, 2)] }, []],
  ['nothing to do', { deployment: deployment('a', 3), sets: [replicaSet('a', 3)] }, []],
  ['another size', { deployment: deployment('a', 5), sets: [replicaSet('a', 3)] }, ['update a 5']],
  [
    'the old one has a status from before it was made smaller',
    { deployment: deployment('a', 2), sets: [replicaSet('a', 2, 0, 3, 2), changed(replicaSet('b', 4, 7, 2, 2))] },
    [],
  ],
  [
    'the new one has a status from before it was emptied and grew again',
    { deployment: deployment('a', 3), sets: [changed(replicaSet('a', 1, 3, 3)), replicaSet('b', 3, 3, 2)] },
    [],
  ],
  ['another size while rolling', { deployment: deployment('b', 6), sets: [replicaSet('a', 2), replicaSet('b', 2, 2, 2)] }, ['update b 4', 'update a 4']],
  ['paused', { deployment: deployment('b', 3, { paused: true }), sets: [replicaSet('a', 3)] }, []],
  ['recreate', { deployment: deployment('b', 3, { strategy: { type: 'Recreate' } }), sets: [replicaSet('a', 3)] }, ['update a 0']],
  ['undone', { deployment: deployment('a', 3), sets: [replicaSet('a', 0, 0, 1), replicaSet('b', 3, 3, 2)] }, ['update a 1']],
  [
    'history',
    { deployment: deployment('c', 3, { revisionHistoryLimit: 1 }), sets: [replicaSet('a', 0, 0, 1), replicaSet('b', 0, 0, 2), replicaSet('c', 3, 3, 3)] },
    ['delete d-a'],
  ],
] as const) {
  test(`a Deployment, ${what}`, () => {
    assert.deepEqual(short(planDeployment({ deployment: view.deployment, replicaSets: view.sets, pods: [] }, NOW).actions), expected);
  });
}

test('undo gives the old template the next revision and remembers the one it had', () => {
  const { actions } = planDeployment({ deployment: deployment('a', 3), replicaSets: [replicaSet('a', 0, 0, 1), replicaSet('b', 3, 3, 2)], pods: [] }, NOW);
  const [update] = actions.filter((action) => action.type === 'update');
  assert.equal(update?.replicaSet.metadata.annotations?.[REVISION], '3');
  assert.equal(update?.replicaSet.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
  assert.deepEqual(
    actions.filter((action) => action.type === 'annotate'),
    [{ type: 'annotate', revision: '3' }],
  );
});

test('no step leaves the limits, and every rollout ends', () => {
  const amount = fc.oneof(
    fc.integer({ min: 0, max: 5 }),
    fc.integer({ min: 0, max: 100 }).map((share) => `${share}%`),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), amount, amount, (replicas, maxSurge, maxUnavailable) => {
      const limits = limitsOf(deployment('b', replicas, { strategy: { rollingUpdate: { maxSurge, maxUnavailable } } }));
      let old = replicas;
      let fresh = 0;
      for (let step = 0; step < 100 && (old > 0 || fresh < replicas); step++) {
        const olds = [replicaSet('a', old)];
        const grown = newestSize(limits, fresh, olds, false);
        if (grown !== fresh) fresh = grown;
        else old = shrinkOlds(limits, replicaSet('b', fresh, fresh, 2), olds, () => 0)[0]?.to ?? old;
        assert.ok(old + fresh <= replicas + limits.surge, 'not too many');
        assert.ok(old + fresh >= replicas - limits.unavailable, 'not too few');
      }
      assert.deepEqual([old, fresh], [0, replicas]);
    }),
  );
});
