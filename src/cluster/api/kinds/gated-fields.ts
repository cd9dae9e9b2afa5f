import { copyOf } from '../copy.ts';
import type { V1PodSpec, V1StatefulSet } from '../generated/types.ts';
import { isRecord } from '../schema/is-record.ts';
import type { KubeObject } from '../types.ts';

/** Where a kind holds what its Pods are to be. */
const TEMPLATE = ['spec', 'template', 'spec'];
const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  CronJob: ['spec', 'jobTemplate', ...TEMPLATE],
  ...Object.fromEntries(['DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'ReplicationController', 'StatefulSet'].map((kind) => [kind, TEMPLATE])),
};

/**
 * The object without the fields that Kubernetes 1.36 takes off unless one switches them on: a Pod's `schedulingGroup` (GenericWorkload), its
 * containers' `stopSignal` (ContainerStopSignals), a StatefulSet's `maxUnavailable` (MaxUnavailableStatefulSet). What `old` had stays.
 */
export function withoutGated<T extends KubeObject>(object: T, old?: KubeObject): T {
  const gates = GATES.filter(({ isUsed }) => isUsed(object) && !(old && isUsed(old)));
  if (gates.length === 0) return object;
  const copy = copyOf(object);
  for (const { drop } of gates) drop(copy);
  return copy;
}

interface Gate {
  readonly isUsed: (object: KubeObject) => boolean;
  /** Of a copy. */
  readonly drop: (object: KubeObject) => void;
}

const GATES: readonly Gate[] = [
  {
    isUsed: (object) => podSpecOf(object)?.schedulingGroup !== undefined,
    drop: (object) => delete podSpecOf(object)?.schedulingGroup,
  },
  {
    isUsed: (object) => containersOf(podSpecOf(object)).some(({ lifecycle }) => lifecycle?.stopSignal !== undefined),
    drop: (object) => containersOf(podSpecOf(object)).forEach(dropStopSignal),
  },
  {
    isUsed: (object) => rollingUpdateOf(object)?.maxUnavailable !== undefined,
    drop: (object) => delete rollingUpdateOf(object)?.maxUnavailable,
  },
];

function podSpecOf(object: KubeObject): V1PodSpec | undefined {
  let found: unknown = object;
  const path = POD_SPECS[object.kind];
  if (path === undefined) return undefined;
  for (const field of path) found = isRecord(found) ? found[field] : undefined;
  // Decoded by the kind's model, which has a spec of a Pod there.
  return found as V1PodSpec | undefined;
}

type Container = Pick<V1PodSpec['containers'][number], 'lifecycle'>;

function containersOf(spec: V1PodSpec | undefined): readonly Container[] {
  return [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
}

function dropStopSignal(container: Container): void {
  delete container.lifecycle?.stopSignal;
  if (container.lifecycle && Object.keys(container.lifecycle).length === 0) delete container.lifecycle;
}

function rollingUpdateOf(object: KubeObject): NonNullable<NonNullable<V1StatefulSet['spec']>['updateStrategy']>['rollingUpdate'] {
  // The kind says by which model it was decoded.
  return object.kind === 'StatefulSet' ? (object as V1StatefulSet).spec?.updateStrategy?.rollingUpdate : undefined;
}
