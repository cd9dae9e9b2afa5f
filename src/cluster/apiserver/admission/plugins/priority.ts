import { forbidden, type KubeObject, type V1PodSpec, type V1PriorityClass } from '#cluster/api';
import { collectionPrefix, objectKey } from '../../cache/keys.ts';
import type { ObjectCache } from '../../cache/object-cache.ts';
import { isResource } from '../../kinds.ts';
import type { AdmissionPlugin } from '../types.ts';

const CLASSES = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };
const PODS = { group: '', resource: 'pods' };
const POLICY = 'PreemptLowerPriority';

/** The classes that every cluster has: what the cluster stands on goes first. */
export const SYSTEM_CLASSES: readonly V1PriorityClass[] = [
  ['system-node-critical', 2_000_001_000, 'Used for system critical pods that must not be moved from their current node.'] as const,
  [
    'system-cluster-critical',
    2_000_000_000,
    'Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.',
  ] as const,
].map(([name, value, description]) => ({
  apiVersion: 'scheduling.k8s.io/v1',
  kind: 'PriorityClass',
  metadata: { name },
  value,
  description,
  preemptionPolicy: POLICY,
}));

/** New Pods get the number of their class, and keep it. Of classes one at most is the default. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  handles: ({ operation, served, subresource }) =>
    subresource === undefined && operation !== 'DELETE' && (isResource(served, '', 'pods') || isResource(served, CLASSES.group, CLASSES.resource)),
  mutate({ cache }, { served, object, old, name }) {
    if (!isResource(served, '', 'pods')) return;
    // Decoded as a Pod.
    const { spec } = object as KubeObject & { spec?: V1PodSpec };
    if (!spec) return;
    if (old === undefined) return giveNumber(cache, spec, name);
    // As above.
    const { priority: number, preemptionPolicy } = (old as KubeObject & { spec?: V1PodSpec }).spec ?? {};
    if (number !== undefined) spec.priority ??= number;
    if (preemptionPolicy !== undefined) spec.preemptionPolicy ??= preemptionPolicy;
  },
  validate({ cache }, { served, object }) {
    if (!isResource(served, CLASSES.group, CLASSES.resource)) return;
    // Decoded as a PriorityClass.
    const wanted = object as V1PriorityClass;
    const other = wanted.globalDefault ? classes(cache).find((one) => one.globalDefault && one.metadata.name !== wanted.metadata.name) : undefined;
    if (other)
      throw forbidden(CLASSES, wanted.metadata.name ?? '', `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`);
  },
};

function giveNumber(cache: ObjectCache, spec: V1PodSpec, pod: string): void {
  const { name, value, policy } = priorityOf(cache, spec.priorityClassName, pod);
  if (spec.priority !== undefined && spec.priority !== value)
    throw forbidden(
      PODS,
      pod,
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  spec.priority = value;
  if (name !== undefined) spec.priorityClassName = name;
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy)
    throw forbidden(
      PODS,
      pod,
      `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  spec.preemptionPolicy = policy;
}

function priorityOf(cache: ObjectCache, name: string | undefined, pod: string): { name?: string; value: number; policy: string } {
  if (name) {
    // What stands under a class's key was decoded as one.
    const found = cache.get(objectKey(CLASSES, undefined, name)) as V1PriorityClass | undefined;
    if (!found) throw forbidden(PODS, pod, `no PriorityClass with name ${name} was found`);
    return { name, value: found.value ?? 0, policy: found.preemptionPolicy ?? POLICY };
  }
  const byDefault = classes(cache).find((one) => one.globalDefault);
  return byDefault
    ? { name: byDefault.metadata.name ?? '', value: byDefault.value ?? 0, policy: byDefault.preemptionPolicy ?? POLICY }
    : { value: 0, policy: POLICY };
}

function classes(cache: ObjectCache): readonly V1PriorityClass[] {
  const collection = cache.collection(collectionPrefix(CLASSES));
  // As above.
  return collection.keys('').map((key) => collection.get(key) as V1PriorityClass);
}
