import { forbidden, type KubeObject } from '#cluster/api';
import { collectionPrefix, objectKey } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';

interface Toleration {
  key?: string;
  operator?: string;
  effect?: string;
  tolerationSeconds?: number;
}
interface Pod extends KubeObject {
  spec?: {
    serviceAccountName?: string;
    serviceAccount?: string;
    priorityClassName?: string;
    priority?: number;
    preemptionPolicy?: string;
    tolerations?: Toleration[];
  };
}
interface PriorityClass extends KubeObject {
  value: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

const SYSTEM_PRIORITIES: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 };
const CLASSES = { group: 'scheduling.k8s.io', resource: 'priorityclasses' };
const PODS = { group: '', resource: 'pods' };
const AWAY_SECONDS = 300;

/** What every new Pod gets (changed in place): an account's name, a priority as a number, patience with nodes that are away. Errors: 403. */
export function admitPod(cache: ObjectCache, object: KubeObject): void {
  const { spec, metadata } = object as Pod;
  if (!spec) return;
  spec.serviceAccountName ||= spec.serviceAccount || 'default';
  spec.serviceAccount = spec.serviceAccountName;
  const { name, value, policy } = priorityOf(cache, spec.priorityClassName, metadata.name ?? '');
  if (spec.priority !== undefined && spec.priority !== value) {
    throw forbidden(
      PODS,
      metadata.name ?? '',
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    );
  }
  spec.priority = value;
  if (name !== undefined) spec.priorityClassName = name;
  spec.preemptionPolicy ??= policy;
  tolerate(spec, 'node.kubernetes.io/not-ready');
  tolerate(spec, 'node.kubernetes.io/unreachable');
}

function priorityOf(cache: ObjectCache, name: string | undefined, pod: string): { name?: string; value: number; policy: string } {
  const policy = 'PreemptLowerPriority';
  if (name) {
    const system = SYSTEM_PRIORITIES[name];
    if (system !== undefined) return { name, value: system, policy };
    const found = cache.get(objectKey(CLASSES, undefined, name)) as PriorityClass | undefined;
    if (!found) throw forbidden(PODS, pod, `no PriorityClass with name ${name} was found`);
    return { name, value: found.value, policy: found.preemptionPolicy ?? policy };
  }
  const collection = cache.collection(collectionPrefix(CLASSES));
  const byDefault = collection
    .keys('')
    .map((key) => collection.get(key) as PriorityClass | undefined)
    .find((one) => one?.globalDefault);
  return byDefault ? { name: byDefault.metadata.name ?? '', value: byDefault.value, policy: byDefault.preemptionPolicy ?? policy } : { value: 0, policy };
}

function tolerate(spec: NonNullable<Pod['spec']>, key: string): void {
  const tolerations = (spec.tolerations ??= []);
  const has = tolerations.some((one) => (!one.key || one.key === key) && (!one.effect || one.effect === 'NoExecute'));
  if (!has) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: AWAY_SECONDS });
}
