import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { V1Deployment, V1Pod, V1ReplicaSet } from '#cluster/api';
import { controllerOf } from '../owners.ts';
import { isActive, isReady } from '../pods.ts';
import { planReplicaSet, podOf, statusOf } from '../replicaset/reconcile.ts';
import { limitsOf } from './limits.ts';
import { planDeployment } from './reconcile.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const IMAGES = ['a', 'b', 'c'] as const;

type Event =
  | { readonly type: 'image'; readonly image: string }
  | { readonly type: 'size'; readonly replicas: number }
  | { readonly type: 'deployment' }
  /** The ReplicaSet controller has a look at one of them, by its place. */
  | { readonly type: 'replicaSet'; readonly at: number }
  | { readonly type: 'ready'; readonly at: number };

/** A Deployment, its ReplicaSets and Pods, whose controllers come when they come. */
class Cluster {
  deployment: V1Deployment;
  readonly sets = new Map<string, V1ReplicaSet>();
  pods: V1Pod[] = [];
  /** The least number of available Pods that any size asked for. */
  least: number;
  #counter = 0;

  constructor(replicas: number) {
    this.deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace: 'n', uid: 'd', generation: 1 },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'd' } },
        template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'a' }] } },
      },
    };
    this.least = this.#leastNow();
  }

  available(): number {
    return this.pods.filter((pod) => isActive(pod) && isReady(pod)).length;
  }

  run(event: Event): void {
    const { spec } = this.deployment;
    switch (event.type) {
      case 'image':
        if (spec?.template?.spec)
          this.deployment = {
            ...this.deployment,
            spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers: [{ name: 'c', image: event.image }] } } },
          };
        return;
      case 'size':
        if (spec) this.deployment = { ...this.deployment, spec: { ...spec, replicas: event.replicas } };
        this.least = Math.min(this.least, this.#leastNow());
        return;
      case 'deployment':
        return this.#planDeployment();
      case 'replicaSet': {
        const name = [...this.sets.keys()][event.at % Math.max(1, this.sets.size)];
        return name === undefined ? undefined : this.#planReplicaSet(name);
      }
      case 'ready': {
        // A Pod that was not ready when its ReplicaSet was made smaller may be ended, though it got ready meanwhile: those wait here.
        const waiting = this.pods.filter((pod) => isActive(pod) && !isReady(pod) && !this.#isShrinking(controllerOf(pod)?.uid));
        const pod = waiting[event.at % Math.max(1, waiting.length)];
        if (pod)
          this.pods = this.pods.map((one) =>
            one === pod
              ? { ...pod, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } }
              : one,
          );
      }
    }
  }

  #isShrinking(name: string | undefined): boolean {
    const size = this.sets.get(name ?? '')?.spec?.replicas ?? 0;
    return this.pods.filter((pod) => isActive(pod) && controllerOf(pod)?.uid === name).length > size;
  }

  #leastNow(): number {
    const { replicas, unavailable } = limitsOf(this.deployment);
    return replicas - unavailable;
  }

  #planDeployment(): void {
    const { actions } = planDeployment({ deployment: this.deployment, replicaSets: [...this.sets.values()], pods: this.pods }, NOW);
    for (const action of actions) {
      if (action.type === 'delete') this.sets.delete(action.replicaSet.metadata.name ?? '');
      if (action.type === 'status') this.deployment = { ...this.deployment, status: action.status };
      if (action.type !== 'create' && action.type !== 'update') continue;
      const name = action.replicaSet.metadata.name ?? '';
      const before = this.sets.get(name);
      const resized = before?.spec?.replicas !== action.replicaSet.spec?.replicas;
      const place = { uid: name, creationTimestamp: before?.metadata.creationTimestamp ?? `2026-01-01T00:00:${10 + this.sets.size}Z` };
      const generation = (before?.metadata.generation ?? 0) + (resized ? 1 : 0);
      this.sets.set(name, { ...action.replicaSet, metadata: { ...action.replicaSet.metadata, ...place, generation } });
    }
  }

  #planReplicaSet(name: string): void {
    const replicaSet = this.sets.get(name);
    if (replicaSet === undefined) return;
    const pods = this.pods.filter((pod) => controllerOf(pod)?.uid === name && isActive(pod));
    const view = { replicaSet, pods, related: this.pods };
    const plan = planReplicaSet(view, NOW);
    const made = Array.from({ length: plan.create }, (): V1Pod => {
      const pod = podOf(replicaSet);
      return { ...pod, metadata: { ...pod.metadata, name: `${name}-${(this.#counter += 1)}` }, status: { phase: 'Pending' } };
    });
    this.pods = [...this.pods.filter((pod) => !plan.remove.includes(pod)), ...made];
    this.sets.set(name, { ...replicaSet, status: statusOf(view, plan.remove, undefined, NOW) });
  }
}

test('whatever is asked meanwhile and however late the controllers come, no Pod is ended that is needed, and it ends as asked', () => {
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...IMAGES).map((image) => ({ type: 'image' as const, image })) },
    { weight: 1, arbitrary: fc.integer({ min: 2, max: 7 }).map((replicas) => ({ type: 'size' as const, replicas })) },
    { weight: 6, arbitrary: fc.constant({ type: 'deployment' as const }) },
    { weight: 6, arbitrary: fc.nat(9).map((at) => ({ type: 'replicaSet' as const, at })) },
    { weight: 5, arbitrary: fc.nat(9).map((at) => ({ type: 'ready' as const, at })) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 7 }), fc.array(event, { minLength: 20, maxLength: 300, size: 'max' }), (replicas, events) => {
      const cluster = new Cluster(replicas);
      for (const one of events) {
        const before = cluster.available();
        cluster.run(one);
        assert.ok(cluster.available() >= Math.min(before, cluster.least), `${before} were available, now ${cluster.available()}; needed are ${cluster.least}`);
      }
      const settle: readonly Event[] = [
        { type: 'deployment' },
        ...IMAGES.map((_, at) => ({ type: 'replicaSet' as const, at })),
        ...Array.from({ length: 12 }, () => ({ type: 'ready' as const, at: 0 })),
      ];
      for (let round = 0; round < 60; round += 1) for (const one of settle) cluster.run(one);
      assert.equal(cluster.available(), cluster.deployment.spec?.replicas);
      assert.equal(cluster.pods.length, cluster.deployment.spec?.replicas);
    }),
    { numRuns: 300 },
  );
});
