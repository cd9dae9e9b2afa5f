import { isQuantity, parseQuantity } from './quantity.ts';
import type { KubeObject } from './types.ts';

interface Resources {
  readonly resources?: { readonly limits?: Readonly<Record<string, string>>; readonly requests?: Readonly<Record<string, string>> };
}

/** How well a Pod's needs are stated: Guaranteed when every container's requests are its limits, BestEffort when there are none. */
export function qosClass(spec: unknown): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  // The object was decoded by the Pod's model.
  const {
    containers = [],
    initContainers = [],
    resources: own,
  } = spec as Resources & {
    containers?: readonly Resources[];
    initContainers?: readonly Resources[];
  };
  // What is said of the Pod as a whole goes before what is said of its containers.
  const all = own?.limits || own?.requests ? [own] : [...containers, ...initContainers].map(({ resources }) => resources ?? {});
  const stated = all
    .flatMap(({ limits, requests }) => [...Object.keys(limits ?? {}), ...Object.keys(requests ?? {})])
    .filter((name) => name === 'cpu' || name === 'memory');
  if (stated.length === 0) return 'BestEffort';
  const guaranteed = all.every(({ limits, requests }) =>
    ['cpu', 'memory'].every((name) => limits?.[name] !== undefined && sameAmount(requests?.[name] ?? limits[name], limits[name])),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Says it in the Pod's status; `object` was decoded as a Pod. */
export function tellQosClass(object: KubeObject): void {
  const pod = object as KubeObject & { spec?: unknown; status?: object };
  if (pod.spec !== undefined) pod.status = { ...pod.status, qosClass: qosClass(pod.spec) };
}

function sameAmount(one: string, other: string): boolean {
  return isQuantity(one) && isQuantity(other) ? parseQuantity(one) === parseQuantity(other) : one === other;
}
