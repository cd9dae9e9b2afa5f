import type { V1Container, V1PodSpec, V1Probe, V1Volume } from '../generated/types.ts';

const FILE_MODE = 0o644;

/** The defaults of a Pod's spec, as the API reference documents them. Changes `spec`. */
export function defaultPodSpec(spec: V1PodSpec): void {
  spec.restartPolicy ??= 'Always';
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.schedulerName ??= 'default-scheduler';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.securityContext ??= {};
  spec.enableServiceLinks ??= true;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) defaultContainer(container, spec.hostNetwork === true);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
}

function defaultContainer(container: V1Container, hostNetwork: boolean): void {
  container.imagePullPolicy ??= defaultPullPolicy(container.image ?? '');
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.resources ??= {};
  for (const port of container.ports ?? []) {
    port.protocol ??= 'TCP';
    if (hostNetwork) port.hostPort ??= port.containerPort;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) defaultProbe(probe);
  for (const action of [container.lifecycle?.postStart?.httpGet, container.lifecycle?.preStop?.httpGet]) {
    if (!action) continue;
    action.path ??= '/';
    action.scheme ??= 'HTTP';
  }
  for (const { valueFrom } of container.env ?? []) if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1';
  const { limits, requests } = container.resources;
  if (limits !== undefined) container.resources.requests = { ...limits, ...requests };
}

/** A moving tag is looked up at each start; a fixed one or a digest is not. */
export function defaultPullPolicy(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultProbe(probe: V1Probe): void {
  // 0 is what "not said" is on the wire of many clients.
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  if (probe.httpGet) {
    probe.httpGet.path ??= '/';
    probe.httpGet.scheme ??= 'HTTP';
  }
  if (probe.grpc) probe.grpc.service ??= '';
}

function defaultVolume(volume: V1Volume): void {
  const kinds = Object.keys(volume).filter((key) => key !== 'name');
  if (kinds.length === 0) volume.emptyDir = {};
  if (volume.configMap) volume.configMap.defaultMode ??= FILE_MODE;
  if (volume.secret) volume.secret.defaultMode ??= FILE_MODE;
  if (volume.downwardAPI) volume.downwardAPI.defaultMode ??= FILE_MODE;
  if (volume.hostPath) volume.hostPath.type ??= '';
  if (volume.projected) {
    volume.projected.defaultMode ??= FILE_MODE;
    for (const { serviceAccountToken } of volume.projected.sources ?? []) if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600;
  }
}
