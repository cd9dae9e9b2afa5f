import { isDeepStrictEqual } from 'node:util';
import { requirementsOf, type V1Pod, type V1ReplicaSet } from '#cluster/api';
import {
  type Controller,
  createController,
  type EventRecorder,
  isStatus,
  keyOfObject,
  objectKey,
  PODS,
  REPLICA_SETS,
  type ReconcileResult,
} from '#cluster/client';
import { messageOf } from '#kit';
import { OWNER } from '../informers.ts';
import { splitKey } from '../keys.ts';
import { ignoreGone, withoutUndefined } from '../writes.ts';
import { claimOwned } from '../claim-owned.ts';
import { claim, controllerOf } from '../owners.ts';
import type { Shared } from '../types.ts';
import { OwnWrites } from './own-writes.ts';
import { planReplicaSet, podOf, type ReplicaSetPlan, type ReplicaSetView, statusOf } from './reconcile.ts';

/** Creations begin with so many at once and double while they succeed, so that what fails fails few times. */
const FIRST_BATCH = 4;
type Failure = { readonly reason: string; readonly message: string; readonly cause: unknown };

export function createReplicaSetController(shared: Shared): Controller {
  const shell = new ReplicaSetShell(shared);
  const controller = createController({ ...shared, name: 'replicaset', concurrency: 8, reconcile: (key) => shell.reconcile(key) });
  shell.watch(controller);
  return controller;
}

class ReplicaSetShell {
  readonly #shared: Shared;
  readonly #events: EventRecorder;
  readonly #own = new OwnWrites();

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#events = shared.recorder('replicaset-controller');
  }

  watch(controller: Controller): void {
    const { informers } = this.#shared;
    informers.of<V1ReplicaSet>(REPLICA_SETS).onChange(({ type, object }) => {
      if (type === 'deleted') this.#own.forget(object.metadata.uid ?? '');
      controller.add(keyOfObject(object));
    });
    informers.of<V1Pod>(PODS).onChange(({ type, object, previous }) => {
      for (const owner of new Set([controllerOf(object), previous && controllerOf(previous)])) {
        if (owner?.kind !== 'ReplicaSet') continue;
        const state = type === 'deleted' ? 'gone' : object.metadata.deletionTimestamp === undefined ? 'there' : 'ending';
        this.#own.observed(owner.uid, object.metadata.uid ?? '', state);
        controller.add(objectKey(object.metadata.namespace, owner.name));
      }
      if (type !== 'deleted' && controllerOf(object) === undefined) this.#offerOrphan(controller, object);
    });
  }

  #offerOrphan(controller: Controller, pod: V1Pod): void {
    for (const replicaSet of this.#shared.informers.of<V1ReplicaSet>(REPLICA_SETS).list(pod.metadata.namespace)) {
      const { adopt } = claim(replicaSet, requirementsOf(replicaSet.spec?.selector ?? {}), [pod]);
      if (adopt.length > 0) controller.add(keyOfObject(replicaSet));
    }
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { informers, clock } = this.#shared;
    const { namespace, name } = splitKey(key);
    const replicaSet = informers.of<V1ReplicaSet>(REPLICA_SETS).get(namespace, name);
    if (replicaSet === undefined) return undefined;
    const uid = replicaSet.metadata.uid ?? '';
    const owned = await claimOwned<V1Pod>(this.#shared, PODS, replicaSet, replicaSet.spec?.selector ?? {});
    const { pods, lookAgain_ms } = this.#own.correct(uid, owned(), clock.now());
    const related = () => this.#related(replicaSet, pods);
    const view: ReplicaSetView = {
      replicaSet,
      pods,
      get related() {
        return related();
      },
    };
    const plan = planReplicaSet(view, clock.now());
    const failure = await this.#perform(replicaSet, plan);
    // The status tells of what the cache shows; the Pods just made change it again when they are seen there.
    await this.#writeStatus(view, plan, failure);
    if (failure !== undefined) throw failure.cause;
    const waits = [lookAgain_ms, plan.lookAgain_ms].filter((wait) => wait !== undefined);
    return waits.length === 0 ? undefined : { requeueAfter_ms: Math.min(...waits) };
  }

  #related(replicaSet: V1ReplicaSet, own: readonly V1Pod[]): readonly V1Pod[] {
    const owner = controllerOf(replicaSet);
    if (owner === undefined) return own;
    const { informers } = this.#shared;
    const pods = informers.of<V1Pod>(PODS);
    return informers
      .of<V1ReplicaSet>(REPLICA_SETS)
      .byIndex(OWNER, owner.uid)
      .flatMap((sibling) => pods.byIndex(OWNER, sibling.metadata.uid ?? ''));
  }

  async #perform(replicaSet: V1ReplicaSet, plan: ReplicaSetPlan): Promise<Failure | undefined> {
    let batch = FIRST_BATCH;
    for (let left = plan.create; left > 0; ) {
      const now = Math.min(batch, left);
      const results = await Promise.allSettled(Array.from({ length: now }, () => this.#createPod(replicaSet)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed !== undefined) return this.#failed(replicaSet, 'FailedCreate', 'Error creating', failed.reason);
      left -= now;
      batch *= 2;
    }
    const results = await Promise.allSettled(plan.remove.map((pod) => this.#deletePod(replicaSet, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    return failed === undefined ? undefined : this.#failed(replicaSet, 'FailedDelete', 'Error deleting', failed.reason);
  }

  #failed(replicaSet: V1ReplicaSet, reason: string, words: string, cause: unknown): Failure {
    const message = messageOf(cause);
    this.#events.event(replicaSet, 'Warning', reason, `${words}: ${message}`);
    return { reason, message, cause };
  }

  async #createPod(replicaSet: V1ReplicaSet): Promise<void> {
    const { client, clock } = this.#shared;
    await this.#own.creating(
      replicaSet.metadata.uid ?? '',
      () => clock.now(),
      async () => {
        const pod = await client.resource<V1Pod>(PODS).create(podOf(replicaSet));
        this.#events.event(replicaSet, 'Normal', 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`);
        return pod;
      },
    );
  }

  async #deletePod(replicaSet: V1ReplicaSet, pod: V1Pod): Promise<void> {
    const { client, clock } = this.#shared;
    const { uid = '', name = '', namespace } = pod.metadata;
    this.#own.deleted(replicaSet.metadata.uid ?? '', uid, clock.now());
    try {
      await client.resource<V1Pod>(PODS).delete(name, namespace, { preconditions: { uid } });
    } catch (error) {
      if (isStatus(error, 'NotFound')) return;
      this.#own.observed(replicaSet.metadata.uid ?? '', uid, 'gone');
      throw error;
    }
    this.#events.event(replicaSet, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
  }

  async #writeStatus(view: ReplicaSetView, plan: ReplicaSetPlan, failure: Failure | undefined): Promise<void> {
    const { client, clock } = this.#shared;
    const { replicaSet } = view;
    const status = statusOf(view, plan.remove, failure && { reason: failure.reason, message: failure.message }, clock.now());
    if (isDeepStrictEqual(status, withoutUndefined(replicaSet.status))) return;
    await ignoreGone(client.resource<V1ReplicaSet>(REPLICA_SETS).update({ ...replicaSet, status }, { subresource: 'status' }));
  }
}
