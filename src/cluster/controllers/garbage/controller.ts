import type { KubeObject, OwnerReference, ResourceInfo } from '#cluster/api';
import { type Controller, createController, isStatus, type ReconcileResult } from '#cluster/client';
import { OWNER, UID } from '../informers.ts';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';
import { decideDependent, duty, FOREGROUND, ORPHAN, type OwnerState, withoutFinalizer, withoutOwners } from './decide.ts';

interface Found {
  readonly info: ResourceInfo;
  readonly object: KubeObject;
}

/** Deletes what its owners left behind, as their deletion asked: in the background, in the foreground, or not at all. Keys are uids. */
export function createGarbageCollector(shared: Shared): Controller {
  const shell = new GarbageShell(shared);
  const controller = createController({ ...shared, name: 'garbage-collector', concurrency: 8, reconcile: (uid) => shell.reconcile(uid) });
  shell.watch(controller);
  return controller;
}

class GarbageShell {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  watch(controller: Controller): void {
    this.#shared.informers.onEach(({ informer }) => {
      informer.onChange(({ type, object, previous }) => {
        const { uid = '', ownerReferences = [] } = object.metadata;
        if (type === 'deleted') {
          for (const dependent of this.#dependents(uid)) controller.add(dependent.object.metadata.uid ?? '');
          // An owner that waits for what it owns may have one less to wait for.
          for (const owner of ownerReferences) if (owner.blockOwnerDeletion) controller.add(owner.uid);
          return;
        }
        const ownersChanged = previous === undefined || JSON.stringify(previous.metadata.ownerReferences) !== JSON.stringify(ownerReferences);
        if (duty(object) !== undefined || (ownerReferences.length > 0 && ownersChanged)) controller.add(uid);
        if (previous !== undefined && ownersChanged) for (const owner of previous.metadata.ownerReferences ?? []) controller.add(owner.uid);
      });
    });
  }

  async reconcile(uid: string): Promise<ReconcileResult> {
    const found = this.#find(uid);
    if (found === undefined) return undefined;
    switch (duty(found.object)) {
      case 'orphan':
        await this.#orphan(found);
        return undefined;
      case 'foreground':
        await this.#foreground(found);
        return undefined;
      default:
        await this.#dependent(found);
        return undefined;
    }
  }

  async #orphan(owner: Found): Promise<void> {
    const uid = owner.object.metadata.uid ?? '';
    await Promise.all(this.#dependents(uid).map((dependent) => this.#patch(dependent, withoutOwners(dependent.object, [uid]))));
    await this.#patch(owner, withoutFinalizer(owner.object, ORPHAN));
  }

  async #foreground(owner: Found): Promise<void> {
    const uid = owner.object.metadata.uid ?? '';
    const dependents = this.#dependents(uid);
    for (const dependent of dependents) await this.#dependent(dependent);
    const blocking = dependents.some(({ object }) => object.metadata.ownerReferences?.some((one) => one.uid === uid && one.blockOwnerDeletion));
    if (!blocking) await this.#patch(owner, withoutFinalizer(owner.object, FOREGROUND));
  }

  async #dependent({ info, object }: Found): Promise<void> {
    const owners = object.metadata.ownerReferences ?? [];
    const states = new Map(await Promise.all(owners.map(async (owner) => [owner.uid, await this.#stateOf(owner, object)] as const)));
    const action = decideDependent(object, states, this.#dependents(object.metadata.uid ?? '').length > 0);
    if (action === undefined) return;
    if (action.type === 'forget-owners') return await this.#patch({ info, object }, withoutOwners(object, action.uids));
    const { name = '', namespace, uid = '' } = object.metadata;
    await ignoreGone(this.#shared.client.resource(info).delete(name, namespace, { propagationPolicy: action.policy, preconditions: { uid } }));
  }

  /** What the cache does not have, the API server is asked for before anything is deleted for it. */
  async #stateOf(owner: OwnerReference, dependent: KubeObject): Promise<OwnerState> {
    const cached = this.#find(owner.uid);
    if (cached !== undefined) return duty(cached.object) === 'foreground' ? 'waiting' : 'there';
    const info = this.#shared.informers.resourceOf(owner.apiVersion, owner.kind);
    if (info === undefined) return 'unknown';
    try {
      const live = await this.#shared.client.resource(info).get(owner.name, info.namespaced ? dependent.metadata.namespace : undefined);
      return live.metadata.uid === owner.uid ? 'there' : 'absent';
    } catch (error) {
      if (isStatus(error, 'NotFound')) return 'absent';
      throw error;
    }
  }

  async #patch({ info, object }: Found, patch: object): Promise<void> {
    await ignoreGone(this.#shared.client.resource(info).patch(object.metadata.name ?? '', object.metadata.namespace, 'merge', patch));
  }

  #find(uid: string): Found | undefined {
    for (const { info, informer } of this.#shared.informers.entries()) {
      const [object] = informer.byIndex(UID, uid);
      if (object !== undefined) return { info, object };
    }
    return undefined;
  }

  #dependents(owner: string): readonly Found[] {
    return this.#shared.informers.entries().flatMap(({ info, informer }) => informer.byIndex(OWNER, owner).map((object) => ({ info, object })));
  }
}
