import type {
  V1Deployment,
  V1EndpointSlice,
  V1HorizontalPodAutoscaler,
  V1Namespace,
  V1Pod,
  V1ReplicaSet,
  V1Secret,
  V1Service,
  V2HorizontalPodAutoscaler,
} from '../generated/types.ts';
import { defaultPodSpec } from './pod-spec.ts';

const CPU_PERCENT = 80;

export function defaultPod(pod: V1Pod): void {
  if (pod.spec) defaultPodSpec(pod.spec);
}

export function defaultDeployment({ spec }: V1Deployment): void {
  if (spec === undefined) return;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.strategy ??= {};
  spec.strategy.type ??= 'RollingUpdate';
  if (spec.strategy.type === 'RollingUpdate') spec.strategy.rollingUpdate = { maxSurge: '25%', maxUnavailable: '25%', ...spec.strategy.rollingUpdate };
  if (spec.template?.spec) defaultPodSpec(spec.template.spec);
}

export function defaultReplicaSet({ spec }: V1ReplicaSet): void {
  if (spec === undefined) return;
  spec.replicas ??= 1;
  if (spec.template?.spec) defaultPodSpec(spec.template.spec);
}

export function defaultService({ spec }: V1Service): void {
  if (spec === undefined) return;
  spec.type ??= 'ClusterIP';
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'ClientIP') spec.sessionAffinityConfig ??= { clientIP: { timeoutSeconds: 10_800 } };
  if (spec.type !== 'ExternalName') {
    spec.internalTrafficPolicy ??= 'Cluster';
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
  }
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    port.targetPort ||= port.port;
  }
}

export function defaultNamespace(namespace: V1Namespace): void {
  namespace.spec ??= {};
  namespace.spec.finalizers ??= ['kubernetes'];
  namespace.status ??= {};
  namespace.status.phase ??= 'Active';
  if (namespace.metadata.name !== undefined)
    namespace.metadata.labels = { ...namespace.metadata.labels, 'kubernetes.io/metadata.name': namespace.metadata.name };
}

/** `stringData` is a way to write `data`, and is never read back. */
export function defaultSecret(secret: V1Secret): void {
  secret.type ??= 'Opaque';
  if (secret.stringData === undefined) return;
  const encoded = Object.entries(secret.stringData).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
  secret.data = { ...secret.data, ...Object.fromEntries(encoded) };
  delete secret.stringData;
}

export function defaultAutoscalerV1({ spec }: V1HorizontalPodAutoscaler): void {
  if (spec === undefined) return;
  spec.minReplicas ??= 1;
  spec.targetCPUUtilizationPercentage ??= CPU_PERCENT;
}

export function defaultAutoscalerV2({ spec }: V2HorizontalPodAutoscaler): void {
  if (spec === undefined) return;
  spec.minReplicas ??= 1;
  if (spec.metrics === undefined || spec.metrics.length === 0) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: CPU_PERCENT } } }];
  }
  if (spec.behavior?.scaleUp) {
    const { scaleUp } = spec.behavior;
    scaleUp.stabilizationWindowSeconds ??= 0;
    scaleUp.selectPolicy ??= 'Max';
    scaleUp.policies ??= [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ];
  }
  if (spec.behavior?.scaleDown) {
    const { scaleDown } = spec.behavior;
    scaleDown.selectPolicy ??= 'Max';
    scaleDown.policies ??= [{ type: 'Percent', value: 100, periodSeconds: 15 }];
  }
}

export function defaultEndpointSlice(slice: V1EndpointSlice): void {
  for (const port of slice.ports ?? []) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}
