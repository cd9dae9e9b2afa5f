import type { V1Node, V1Pod, V1Taint, V1Toleration } from '#cluster/api';
import { type Controller, createController, keyOfObject, NODES, PODS, type ReconcileResult } from '#cluster/client';
import { NODE } from '../informers.ts';
import { splitKey } from '../keys.ts';
import type { Shared } from '../types.ts';
import { ignoreGone } from '../writes.ts';

/** Pure: in how many milliseconds a Pod must leave its node for its NoExecute taints; undefined where it may stay. */
export function evictionDelay_ms(pod: V1Pod, node: V1Node, now_ms: number): number | undefined {
  const delays = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute').map((taint) => delayFor(pod.spec?.tolerations ?? [], taint, now_ms));
  const finite = delays.filter((delay) => delay !== undefined);
  return finite.length === 0 ? undefined : Math.max(0, Math.min(...finite));
}

function delayFor(tolerations: readonly V1Toleration[], taint: V1Taint, now_ms: number): number | undefined {
  const fitting = tolerations.filter((toleration) => tolerates(toleration, taint));
  if (fitting.length === 0) return 0;
  const seconds = fitting.map(({ tolerationSeconds }) => tolerationSeconds).filter((one) => one !== undefined);
  if (seconds.length === 0) return undefined;
  const since_ms = taint.timeAdded === undefined ? now_ms : Date.parse(taint.timeAdded);
  return since_ms + Math.max(0, Math.min(...seconds)) * 1000 - now_ms;
}

function tolerates({ key, effect, operator, value = '' }: V1Toleration, taint: V1Taint): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  return operator === 'Exists' || (Boolean(key) && value === (taint.value ?? ''));
}

/** Deletes Pods from nodes that they don't tolerate (any longer). Keys are Pods; only those that must leave later have a timer. */
export function createTaintEviction(shared: Shared): Controller {
  const { informers, client, clock } = shared;
  const nodes = informers.of<V1Node>(NODES);
  const pods = informers.of<V1Pod>(PODS);
  const events = shared.recorder('taint-eviction-controller');

  const reconcile = async (key: string): Promise<ReconcileResult> => {
    const { namespace, name } = splitKey(key);
    const pod = pods.get(namespace, name);
    const node = pod?.spec?.nodeName === undefined ? undefined : nodes.get(undefined, pod.spec.nodeName);
    if (pod === undefined || node === undefined || pod.metadata.deletionTimestamp !== undefined) return undefined;
    const delay_ms = evictionDelay_ms(pod, node, clock.now());
    if (delay_ms === undefined) return undefined;
    if (delay_ms > 0) return { requeueAfter_ms: delay_ms };
    events.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`);
    const { uid = '' } = pod.metadata;
    await ignoreGone(client.resource<V1Pod>(PODS).delete(name, namespace, { preconditions: { uid } }));
    return undefined;
  };

  const controller = createController({ ...shared, name: 'taint-eviction', reconcile });
  pods.onChange(({ type, object, previous }) => {
    if (type !== 'deleted' && object.spec?.nodeName !== previous?.spec?.nodeName) controller.add(keyOfObject(object));
  });
  nodes.onChange(({ type, object, previous }) => {
    if (type === 'deleted' || JSON.stringify(object.spec?.taints) === JSON.stringify(previous?.spec?.taints)) return;
    for (const pod of pods.byIndex(NODE, object.metadata.name ?? '')) controller.add(keyOfObject(pod));
  });
  return controller;
}
