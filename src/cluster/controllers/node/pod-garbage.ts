import type { V1Node, V1Pod } from '#cluster/api';
import { type Controller, createController, isStatus, NODES, PODS, type ReconcileResult } from '#cluster/client';
import { isTerminal } from '../pods.ts';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';

const TERMINATED_MAX = 12_500;
/** A node that has just gone may come back under its name; its Pods wait that long. */
const QUARANTINE_MS = 40_000;
const PASS = 'pods';

/** Pure: the Pods that nobody will ever look after: of nodes that are gone, told to end before they had one, and the oldest ended ones over the limit. */
export function garbagePods(
  pods: readonly V1Pod[],
  nodes: ReadonlySet<string>,
  terminatedMax: number,
): { readonly orphaned: readonly V1Pod[]; readonly others: readonly V1Pod[] } {
  const orphaned = pods.filter(({ spec }) => spec?.nodeName && !nodes.has(spec.nodeName));
  const neverPlaced = pods.filter(({ metadata, spec }) => metadata.deletionTimestamp !== undefined && !spec?.nodeName);
  const ended = pods
    .filter((pod) => isTerminal(pod) && !orphaned.includes(pod))
    .toSorted((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? ''));
  return { orphaned, others: [...neverPlaced, ...ended.slice(0, Math.max(0, ended.length - terminatedMax))] };
}

export function createPodGarbageCollector(shared: Shared): Controller {
  const { informers, client, settings } = shared;
  const nodes = informers.of<V1Node>(NODES);
  const pods = informers.of<V1Pod>(PODS);
  const terminatedMax = settings.terminatedPodsMax ?? TERMINATED_MAX;

  const remove = async ({ metadata }: V1Pod): Promise<void> => {
    await ignoreGone(
      client.resource<V1Pod>(PODS).delete(metadata.name ?? '', metadata.namespace, { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid ?? '' } }),
    );
  };
  const nodeIsGone = async (name: string): Promise<boolean> => {
    try {
      await client.resource<V1Node>(NODES).get(name);
      return false;
    } catch (error) {
      if (isStatus(error, 'NotFound')) return true;
      throw error;
    }
  };
  const reconcile = async (): Promise<ReconcileResult> => {
    const names = new Set(nodes.list().map(({ metadata }) => metadata.name ?? ''));
    const { orphaned, others } = garbagePods(pods.list(), names, terminatedMax);
    for (const pod of others) await remove(pod);
    for (const pod of orphaned) {
      if (!(await nodeIsGone(pod.spec?.nodeName ?? ''))) continue;
      const failed = { metadata: { uid: pod.metadata.uid }, status: { phase: 'Failed', reason: 'NodeLost', message: 'PodGC: node no longer exists' } };
      if (!isTerminal(pod))
        await ignoreGone(client.resource<V1Pod>(PODS).patch(pod.metadata.name ?? '', pod.metadata.namespace, 'strategic', failed, { subresource: 'status' }));
      await remove(pod);
    }
    return undefined;
  };

  const controller = createController({ ...shared, name: 'pod-garbage-collector', reconcile, concurrency: 1 });
  // What was left while nobody looked is found once after the start.
  controller.addAfter(PASS, QUARANTINE_MS);
  nodes.onChange(({ type }) => type === 'deleted' && controller.addAfter(PASS, QUARANTINE_MS));
  pods.onChange(({ type, object }) => {
    if (type === 'deleted') return;
    const nodeName = object.spec?.nodeName;
    if (nodeName && nodes.synced && nodes.get(undefined, nodeName) === undefined) controller.addAfter(PASS, QUARANTINE_MS);
    else if (!nodeName && object.metadata.deletionTimestamp !== undefined) controller.add(PASS);
    else if (isTerminal(object)) controller.addAfter(PASS, 1000);
  });
  return controller;
}
