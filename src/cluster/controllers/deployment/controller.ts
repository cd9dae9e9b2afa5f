import { requirementsOf, type V1Deployment, type V1Pod, type V1ReplicaSet } from '#cluster/api';
import {
  type Controller,
  createController,
  DEPLOYMENTS,
  type EventRecorder,
  isStatus,
  keyOfObject,
  objectKey,
  PODS,
  REPLICA_SETS,
  type ReconcileResult,
} from '#cluster/client';
import { messageOf, unreachable } from '#kit';
import { OWNER } from '../informers.ts';
import { splitKey } from '../keys.ts';
import { claimOwned } from '../claim-owned.ts';
import { claim, controllerOf } from '../owners.ts';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';
import { REVISION } from './annotations.ts';
import { sizeOf } from './limits.ts';
import { type DeploymentAction, findNewest, planDeployment } from './reconcile.ts';

export function createDeploymentController(shared: Shared): Controller {
  const shell = new DeploymentShell(shared);
  const controller = createController({ ...shared, name: 'deployment', concurrency: 8, reconcile: (key) => shell.reconcile(key) });
  shell.watch(controller);
  return controller;
}

class DeploymentShell {
  readonly #shared: Shared;
  readonly #events: EventRecorder;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#events = shared.recorder('deployment-controller');
  }

  watch(controller: Controller): void {
    const { informers } = this.#shared;
    const deployments = informers.of<V1Deployment>(DEPLOYMENTS);
    deployments.onChange(({ object }) => controller.add(keyOfObject(object)));
    informers.of<V1ReplicaSet>(REPLICA_SETS).onChange(({ type, object }) => {
      const owner = controllerOf(object);
      if (owner?.kind === 'Deployment') return controller.add(objectKey(object.metadata.namespace, owner.name));
      if (owner !== undefined || type === 'deleted') return;
      for (const deployment of deployments.list(object.metadata.namespace)) {
        if (claim(deployment, requirementsOf(deployment.spec?.selector ?? {}), [object]).adopt.length > 0) controller.add(keyOfObject(deployment));
      }
    });
    // Only a Deployment that recreates waits for the end of Pods.
    informers.of<V1Pod>(PODS).onChange(({ type, object }) => {
      const replicaSet = controllerOf(object);
      if (replicaSet?.kind !== 'ReplicaSet' || (type !== 'deleted' && object.metadata.deletionTimestamp === undefined)) return;
      const parent = informers.of<V1ReplicaSet>(REPLICA_SETS).get(object.metadata.namespace, replicaSet.name);
      const owner = parent && controllerOf(parent);
      const deployment = owner && deployments.get(object.metadata.namespace, owner.name);
      if (deployment?.spec?.strategy?.type === 'Recreate') controller.add(keyOfObject(deployment));
    });
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { informers, clock } = this.#shared;
    const { namespace, name } = splitKey(key);
    const deployment = informers.of<V1Deployment>(DEPLOYMENTS).get(namespace, name);
    if (deployment === undefined) return undefined;
    const owned = await claimOwned<V1ReplicaSet>(this.#shared, REPLICA_SETS, deployment, deployment.spec?.selector ?? {});
    const replicaSets = owned();
    const pods =
      deployment.spec?.strategy?.type === 'Recreate' ? replicaSets.flatMap((one) => informers.of<V1Pod>(PODS).byIndex(OWNER, one.metadata.uid ?? '')) : [];
    const { actions, lookAgain_ms } = planDeployment({ deployment, replicaSets, pods }, clock.now());
    for (const action of actions) await this.#perform(deployment, action);
    return lookAgain_ms === undefined ? undefined : { requeueAfter_ms: lookAgain_ms };
  }

  async #perform(deployment: V1Deployment, action: DeploymentAction): Promise<void> {
    const { client } = this.#shared;
    const replicaSets = client.resource<V1ReplicaSet>(REPLICA_SETS);
    const deployments = client.resource<V1Deployment>(DEPLOYMENTS);
    const { name = '', namespace } = deployment.metadata;
    switch (action.type) {
      case 'create':
        return await this.#create(deployment, action.replicaSet);
      case 'update':
        await replicaSets.update(action.replicaSet);
        return this.#tellResize(deployment, action.replicaSet, action.from);
      case 'delete': {
        const { uid } = action.replicaSet.metadata;
        await ignoreGone(replicaSets.delete(action.replicaSet.metadata.name ?? '', namespace, uid === undefined ? {} : { preconditions: { uid } }));
        return;
      }
      case 'annotate':
        await ignoreGone(deployments.patch(name, namespace, 'merge', { metadata: { annotations: { [REVISION]: action.revision } } }));
        return;
      case 'status':
        await this.#writeStatus(deployment, action.status);
        return;
      default:
        unreachable(action);
    }
  }

  /** Statuses are this controller's alone: a merge patch needs no fresh resourceVersion, only that it is the same object. */
  async #writeStatus(deployment: V1Deployment, status: NonNullable<V1Deployment['status']>): Promise<void> {
    const { name = '', namespace, uid } = deployment.metadata;
    await ignoreGone(
      this.#shared.client.resource<V1Deployment>(DEPLOYMENTS).patch(name, namespace, 'merge', { metadata: { uid }, status }, { subresource: 'status' }),
    );
  }

  async #create(deployment: V1Deployment, replicaSet: V1ReplicaSet): Promise<void> {
    const resource = this.#shared.client.resource<V1ReplicaSet>(REPLICA_SETS);
    try {
      await resource.create(replicaSet);
    } catch (error) {
      if (isStatus(error, 'AlreadyExists')) return await this.#meetExisting(deployment, replicaSet);
      this.#events.event(deployment, 'Warning', 'ReplicaSetCreateError', `Failed to create new replica set "${replicaSet.metadata.name}": ${messageOf(error)}`);
      throw error;
    }
    if (sizeOf(replicaSet) > 0) this.#tellResize(deployment, replicaSet, 0);
  }

  /** The name is taken: by this very ReplicaSet (the cache is late), or by another whose template has the same hash. */
  async #meetExisting(deployment: V1Deployment, replicaSet: V1ReplicaSet): Promise<void> {
    const { client } = this.#shared;
    const { name = '', namespace } = replicaSet.metadata;
    const found = await ignoreGone(client.resource<V1ReplicaSet>(REPLICA_SETS).get(name, namespace));
    if (found === undefined) return;
    if (controllerOf(found)?.uid === deployment.metadata.uid && findNewest(deployment, [found]) !== undefined) return;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await client
      .resource<V1Deployment>(DEPLOYMENTS)
      .patch(deployment.metadata.name ?? '', namespace, 'merge', { status: { collisionCount } }, { subresource: 'status' });
  }

  #tellResize(deployment: V1Deployment, replicaSet: V1ReplicaSet, from: number | undefined): void {
    if (from === undefined) return;
    const to = sizeOf(replicaSet);
    const words = to > from ? 'up' : 'down';
    const since =
      from === 0 && to > from
        ? `Scaled up replica set ${replicaSet.metadata.name} from 0 to ${to}`
        : `Scaled ${words} replica set ${replicaSet.metadata.name} from ${from} to ${to}`;
    this.#events.event(deployment, 'Normal', 'ScalingReplicaSet', since);
  }
}
