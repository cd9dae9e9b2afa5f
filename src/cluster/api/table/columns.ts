import type {
  CoreV1Event,
  V1ConfigMap,
  V1Deployment,
  V1Endpoints,
  V1EndpointSlice,
  V1HorizontalPodAutoscaler,
  V1Lease,
  V1Namespace,
  V1Node,
  V1Pod,
  V1ReplicaSet,
  V1Secret,
  V1Service,
  V2HorizontalPodAutoscaler,
} from '../generated/types.ts';
import type { KubeObject } from '../types.ts';
import { age } from './duration.ts';
import { ageColumn, type Column, column, list, nameColumn, selectorText } from './column.ts';
import { autoscalerTargets } from './hpa-targets.ts';
import { podStatusWord } from './pod-status.ts';

export const POD: readonly Column[] = [
  nameColumn,
  column<V1Pod>('Ready', ({ spec, status }) => `${status?.containerStatuses?.filter(({ ready }) => ready).length ?? 0}/${spec?.containers.length ?? 0}`),
  column<V1Pod>('Status', podStatusWord),
  column<V1Pod>('Restarts', restartsText),
  ageColumn,
  column<V1Pod>('IP', ({ status }) => status?.podIP ?? '<none>', 1),
  column<V1Pod>('Node', ({ spec }) => spec?.nodeName ?? '<none>', 1),
  column<V1Pod>('Nominated Node', ({ status }) => status?.nominatedNodeName ?? '<none>', 1),
  column<V1Pod>('Readiness Gates', ({ spec }) => (spec?.readinessGates?.length ? `0/${spec.readinessGates.length}` : '<none>'), 1),
];

function restartsText({ status }: V1Pod, now_ms: number): string {
  const statuses = status?.containerStatuses ?? [];
  const count = statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const last = statuses
    .map(({ lastState }) => lastState?.terminated?.finishedAt ?? '')
    .sort()
    .at(-1);
  return count > 0 && last ? `${count} (${age(last, now_ms)} ago)` : String(count);
}

const workload = (
  spec: { readonly template?: { readonly spec?: { readonly containers: readonly { readonly name: string; readonly image?: string }[] } } } | undefined,
) => spec?.template?.spec?.containers ?? [];
const WORKLOAD_WIDE: readonly Column[] = [
  column<V1Deployment>('Containers', ({ spec }) => list(workload(spec).map(({ name }) => name)), 1),
  column<V1Deployment>('Images', ({ spec }) => list(workload(spec).map(({ image }) => image)), 1),
  column<V1Deployment>('Selector', ({ spec }) => selectorText(spec?.selector), 1),
];

export const DEPLOYMENT: readonly Column[] = [
  nameColumn,
  column<V1Deployment>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  column<V1Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
  column<V1Deployment>('Available', ({ status }) => status?.availableReplicas ?? 0),
  ageColumn,
  ...WORKLOAD_WIDE,
];
export const REPLICA_SET: readonly Column[] = [
  nameColumn,
  column<V1ReplicaSet>('Desired', ({ spec }) => spec?.replicas ?? 0, 0, 'integer'),
  column<V1ReplicaSet>('Current', ({ status }) => status?.replicas ?? 0, 0, 'integer'),
  column<V1ReplicaSet>('Ready', ({ status }) => status?.readyReplicas ?? 0, 0, 'integer'),
  ageColumn,
  ...WORKLOAD_WIDE,
];
export const SERVICE: readonly Column[] = [
  nameColumn,
  column<V1Service>('Type', ({ spec }) => spec?.type ?? 'ClusterIP'),
  column<V1Service>('Cluster-IP', ({ spec }) => spec?.clusterIP || '<none>'),
  column<V1Service>('External-IP', externalText),
  column<V1Service>('Port(s)', ({ spec }) =>
    list((spec?.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)),
  ),
  ageColumn,
  column<V1Service>('Selector', ({ spec }) => selectorText(spec?.selector ? { matchLabels: spec.selector } : undefined), 1),
];

function externalText({ spec, status }: V1Service): string {
  if (spec?.type === 'ExternalName') return spec.externalName ?? '<none>';
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname);
  if (spec?.type === 'LoadBalancer') return [...balanced, ...(spec.externalIPs ?? [])].join(',') || '<pending>';
  return list(spec?.externalIPs ?? []);
}

const nodeAddress = (node: V1Node, type: string) => node.status?.addresses?.find((address) => address.type === type)?.address ?? '<none>';
export const NODE: readonly Column[] = [
  nameColumn,
  column<V1Node>('Status', ({ spec, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
    const word = ready === 'True' ? 'Ready' : ready === 'False' ? 'NotReady' : 'Unknown';
    return spec?.unschedulable ? `${word},SchedulingDisabled` : word;
  }),
  column<V1Node>('Roles', ({ metadata }) => {
    const prefix = 'node-role.kubernetes.io/';
    return list(
      Object.keys(metadata.labels ?? {})
        .filter((key) => key.startsWith(prefix))
        .map((key) => key.slice(prefix.length))
        .sort(),
    );
  }),
  ageColumn,
  column<V1Node>('Version', ({ status }) => status?.nodeInfo?.kubeletVersion ?? ''),
  column<V1Node>('Internal-IP', (node) => nodeAddress(node, 'InternalIP'), 1),
  column<V1Node>('External-IP', (node) => nodeAddress(node, 'ExternalIP'), 1),
  column<V1Node>('OS-Image', ({ status }) => status?.nodeInfo?.osImage ?? '<unknown>', 1),
  column<V1Node>('Kernel-Version', ({ status }) => status?.nodeInfo?.kernelVersion ?? '<unknown>', 1),
  column<V1Node>('Container-Runtime', ({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>', 1),
];

const autoscaler = (targets: (object: KubeObject) => string): readonly Column[] => [
  nameColumn,
  column<V1HorizontalPodAutoscaler>('Reference', ({ spec }) => `${spec?.scaleTargetRef.kind}/${spec?.scaleTargetRef.name}`),
  column('Targets', targets),
  column<V1HorizontalPodAutoscaler>('MinPods', ({ spec }) => String(spec?.minReplicas ?? '<unset>')),
  column<V1HorizontalPodAutoscaler>('MaxPods', ({ spec }) => spec?.maxReplicas ?? 0),
  column<V1HorizontalPodAutoscaler>('Replicas', ({ status }) => status?.currentReplicas ?? 0),
  ageColumn,
];
const v1Targets = ({ spec, status }: V1HorizontalPodAutoscaler) =>
  `cpu: ${status?.currentCPUUtilizationPercentage === undefined ? '<unknown>' : `${status.currentCPUUtilizationPercentage}%`}/${spec?.targetCPUUtilizationPercentage}%`;

export const EVENT: readonly Column[] = [
  column<CoreV1Event>('Last Seen', ({ lastTimestamp, eventTime, metadata }, now_ms) => age(lastTimestamp ?? eventTime ?? metadata.creationTimestamp, now_ms)),
  column<CoreV1Event>('Type', ({ type }) => type ?? ''),
  column<CoreV1Event>('Reason', ({ reason }) => reason ?? ''),
  column<CoreV1Event>('Object', ({ involvedObject }) => `${involvedObject.kind?.toLowerCase()}/${involvedObject.name}`),
  column<CoreV1Event>('Subobject', ({ involvedObject }) => involvedObject.fieldPath ?? '', 1),
  column<CoreV1Event>('Source', ({ source, reportingComponent }) => [source?.component ?? reportingComponent, source?.host].filter(Boolean).join(', '), 1),
  column<CoreV1Event>('Message', ({ message }) => (message ?? '').trim()),
  column<CoreV1Event>(
    'First Seen',
    ({ firstTimestamp, eventTime, metadata }, now_ms) => age(firstTimestamp ?? eventTime ?? metadata.creationTimestamp, now_ms),
    1,
  ),
  column<CoreV1Event>('Count', ({ count }) => String(count ?? 1), 1),
  column('Name', ({ metadata }) => metadata.name ?? '', 1),
];

const ENDPOINTS_SHOWN = 3;
function endpointsText({ subsets = [] }: V1Endpoints): string {
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => (ports.length === 0 ? [ip] : ports.map(({ port }) => `${ip}:${port}`))),
  );
  return all.length > ENDPOINTS_SHOWN ? `${all.slice(0, ENDPOINTS_SHOWN).join(',')} + ${all.length - ENDPOINTS_SHOWN} more...` : list(all);
}

export const ENDPOINTS: readonly Column[] = [nameColumn, column<V1Endpoints>('Endpoints', endpointsText), ageColumn];
export const NAMESPACE: readonly Column[] = [nameColumn, column<V1Namespace>('Status', ({ status }) => status?.phase ?? 'Active'), ageColumn];
export const CONFIG_MAP: readonly Column[] = [
  nameColumn,
  column<V1ConfigMap>('Data', ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length),
  ageColumn,
];
export const SECRET: readonly Column[] = [
  nameColumn,
  column<V1Secret>('Type', ({ type }) => type ?? ''),
  column<V1Secret>('Data', ({ data }) => Object.keys(data ?? {}).length),
  ageColumn,
];
export const ENDPOINT_SLICE: readonly Column[] = [
  nameColumn,
  column<V1EndpointSlice>('AddressType', ({ addressType }) => addressType),
  column<V1EndpointSlice>('Ports', ({ ports }) => list((ports ?? []).map(({ port }) => String(port ?? '*')))),
  column<V1EndpointSlice>('Endpoints', ({ endpoints }) => list((endpoints ?? []).flatMap(({ addresses }) => addresses))),
  ageColumn,
];
export const LEASE: readonly Column[] = [nameColumn, column<V1Lease>('Holder', ({ spec }) => spec?.holderIdentity ?? ''), ageColumn];
export const AUTOSCALER_V1: readonly Column[] = autoscaler((object) => v1Targets(object as V1HorizontalPodAutoscaler));
export const AUTOSCALER_V2: readonly Column[] = autoscaler((object) => autoscalerTargets(object as V2HorizontalPodAutoscaler));
