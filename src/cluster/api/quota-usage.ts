import type { V1PersistentVolumeClaim, V1Pod, V1ResourceQuota, V1Service } from './generated/types.ts';
import { type Amounts, podLimits, podRequests } from './pod-resources.ts';
import { formatQuantity, isQuantity, type Milli, parseQuantity } from './quantity.ts';
import type { KubeObject, ResourceInfo } from './types.ts';

type Named = Pick<ResourceInfo, 'group' | 'resource'>;

const ONE = 1000n;
/** Of these the plain name counts too. */
const PLAIN = new Set(['configmaps', 'secrets', 'replicationcontrollers', 'resourcequotas', 'services', 'persistentvolumeclaims']);
const known = new WeakMap<KubeObject, Amounts>();

/** What one object takes of its namespace's quotas, by the names that these have for it and whatever they limit. Pure; remembered for each state of an object. */
export function quotaAmounts(resource: Named, object: KubeObject): Amounts {
  const found = known.get(object) ?? measure(resource, object);
  if (Object.isFrozen(object)) known.set(object, found);
  return found;
}

function measure({ group, resource }: Named, object: KubeObject): Amounts {
  const amounts: Record<string, Milli> = { [`count/${resource}${group === '' ? '' : `.${group}`}`]: ONE };
  if (group !== '') return amounts;
  if (PLAIN.has(resource)) amounts[resource] = ONE;
  // The resource says what the object was decoded as.
  if (resource === 'pods') Object.assign(amounts, ofPod(object as V1Pod));
  if (resource === 'services') Object.assign(amounts, ofService(object as V1Service));
  if (resource === 'persistentvolumeclaims') Object.assign(amounts, ofClaim(object as V1PersistentVolumeClaim));
  return amounts;
}

/** A Pod that has ended takes nothing but its place among the objects. */
function ofPod(pod: V1Pod): Amounts {
  if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return {};
  const amounts: Record<string, Milli> = { pods: ONE };
  for (const [name, amount] of Object.entries(podRequests(pod))) {
    amounts[`requests.${name}`] = amount;
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-')) amounts[name] = amount;
  }
  for (const [name, amount] of Object.entries(podLimits(pod))) amounts[`limits.${name}`] = amount;
  return amounts;
}

function ofService({ spec }: V1Service): Amounts {
  const ports = BigInt(spec?.ports?.length ?? 0) * ONE;
  if (spec?.type === 'NodePort') return { 'services.nodeports': ports };
  if (spec?.type !== 'LoadBalancer') return {};
  return { 'services.loadbalancers': ONE, ...(spec.allocateLoadBalancerNodePorts === false ? {} : { 'services.nodeports': ports }) };
}

function ofClaim({ spec }: V1PersistentVolumeClaim): Amounts {
  const text = spec?.resources?.requests?.storage;
  const storage = text !== undefined && isQuantity(text) ? parseQuantity(text) : 0n;
  const ofClass = spec?.storageClassName ? `${spec.storageClassName}.storageclass.storage.k8s.io` : undefined;
  return {
    'requests.storage': storage,
    ...(ofClass === undefined ? {} : { [`${ofClass}/requests.storage`]: storage, [`${ofClass}/persistentvolumeclaims`]: ONE }),
  };
}

/** Whether a quota counts that object: its scopes choose among Pods. Pure. */
export function quotaCovers(quota: V1ResourceQuota, { group, resource }: Named, object: KubeObject): boolean {
  const { scopes = [], scopeSelector } = quota.spec ?? {};
  const wanted = [...scopes.map((scopeName) => ({ scopeName, operator: 'Exists', values: [] as string[] })), ...(scopeSelector?.matchExpressions ?? [])];
  if (wanted.length === 0) return true;
  if (group !== '' || resource !== 'pods') return false;
  // As above.
  const pod = object as V1Pod;
  return wanted.every(({ scopeName, operator, values = [] }) => inScope(pod, scopeName, operator, values));
}

function inScope(pod: V1Pod, scope: string, operator: string, values: readonly string[]): boolean {
  const limited = (pod.spec?.activeDeadlineSeconds ?? -1) >= 0;
  const bestEffort = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].every(
    ({ resources }) => Object.keys({ ...resources?.requests, ...resources?.limits }).filter((name) => name === 'cpu' || name === 'memory').length === 0,
  );
  switch (scope) {
    case 'Terminating':
      return limited;
    case 'NotTerminating':
      return !limited;
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'PriorityClass':
      return byPriority(pod.spec?.priorityClassName, operator, values);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    default:
      return false;
  }
}

function byPriority(name: string | undefined, operator: string, values: readonly string[]): boolean {
  if (operator === 'Exists') return !!name;
  if (operator === 'DoesNotExist') return !name;
  return operator === 'NotIn' ? !name || !values.includes(name) : !!name && values.includes(name);
}

function crossesNamespaces({ spec }: V1Pod): boolean {
  const { podAffinity, podAntiAffinity } = spec?.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined);
}

/** An amount as a quota's status writes it: bytes in binary units. */
export function amountText(name: string, amount: Milli): string {
  return formatQuantity(amount, { binary: /memory|storage|hugepages/.test(name) });
}
