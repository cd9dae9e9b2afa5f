import type { V1Service, V1ServicePort, V1ServiceSpec } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkEndpointIp, checkIp, checkRange } from '../../validation/ip.ts';
import { checkPort } from '../../validation/numbers.ts';
import { checkLabelMap } from '../../validation/selector-rules.ts';
import { checkText, dnsLabel, dnsSubdomain, portName, qualifiedName } from '../../validation/text-formats.ts';
import { checkServiceAddresses } from './service-addresses.ts';
import { isExternallyReachable, isHeadless, needsHealthCheck } from './service-parts.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const AFFINITIES = ['ClientIP', 'None'];
const TRAFFIC = ['Cluster', 'Local'];
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const AFFINITY_SECONDS_MAX = 86_400;
const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';
const RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const ONLY_BALANCER = "may only be used when `type` is 'LoadBalancer'";

/** Every rule of one Service; `old` tells what was let in by rules of the past. The spec is there. */
export function checkServiceFields(errors: FieldErrors, service: V1Service, old?: V1Service): void {
  const { metadata, spec = {} } = service;
  const [mode, hints] = [metadata.annotations?.[MODE], metadata.annotations?.[HINTS]];
  if (mode !== undefined && hints !== undefined && mode !== hints)
    errors.invalid(`metadata.annotations[${MODE}]`, mode, `must match annotations[${HINTS}] when both are specified`);
  if (!spec.ports?.length && !isHeadless(spec) && spec.type !== 'ExternalName') errors.required('spec.ports');
  if ((spec.type === 'LoadBalancer' || spec.type === 'NodePort') && isHeadless(spec))
    errors.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
  if (spec.type === 'ExternalName') checkExternalName(errors, spec);
  checkPorts(errors, spec);
  checkLabelMap(errors, 'spec.selector', spec.selector);
  checkAffinity(errors, spec);
  checkServiceAddresses(errors, spec, old?.spec);
  for (const [index, address] of (spec.externalIPs ?? []).entries())
    if (checkIp(errors, `spec.externalIPs[${index}]`, address, old?.spec?.externalIPs)) checkEndpointIp(errors, `spec.externalIPs[${index}]`, address);
  if (!TYPES.includes(spec.type ?? '')) errors.notSupported('spec.type', spec.type ?? '', TYPES);
  checkNumbers(errors, spec);
  checkSourceRanges(errors, service, old);
  checkBalancer(errors, spec);
  checkTraffic(errors, spec);
}

function checkExternalName(errors: FieldErrors, spec: V1ServiceSpec): void {
  const set = { clusterIPs: spec.clusterIPs?.length, ipFamilies: spec.ipFamilies?.length, ipFamilyPolicy: spec.ipFamilyPolicy };
  for (const [field, value] of Object.entries(set)) if (value) errors.forbidden(`spec.${field}`, 'may not be set for ExternalName services');
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.required('spec.externalName');
  else checkText(errors, 'spec.externalName', name, dnsSubdomain);
}

function checkPorts(errors: FieldErrors, { ports = [] }: V1ServiceSpec): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const path = `spec.ports[${index}]`;
    const { name } = port;
    if (name) {
      checkText(errors, `${path}.name`, name, dnsLabel);
      if (names.has(name)) errors.duplicate(`${path}.name`, name);
      names.add(name);
    } else if (ports.length > 1) errors.required(`${path}.name`);
    checkOnePort(errors, path, port);
  }
}

function checkOnePort(errors: FieldErrors, path: string, { port, protocol, targetPort, appProtocol }: V1ServicePort): void {
  checkPort(errors, `${path}.port`, port ?? 0);
  if (!protocol) errors.required(`${path}.protocol`);
  else if (!PROTOCOLS.includes(protocol)) errors.notSupported(`${path}.protocol`, protocol, PROTOCOLS);
  if (typeof targetPort === 'string') checkText(errors, `${path}.targetPort`, targetPort, portName);
  else checkPort(errors, `${path}.targetPort`, targetPort ?? 0);
  if (appProtocol !== undefined) checkText(errors, `${path}.appProtocol`, appProtocol, qualifiedName);
}

/** Numbers that no two ports may have, and those that the type does not give. */
function checkNumbers(errors: FieldErrors, { type, ports = [] }: V1ServiceSpec): void {
  const nodePorts = new Set<string>();
  const numbers = new Set<string>();
  if (type === 'ClusterIP')
    for (const [index, { nodePort }] of ports.entries())
      if (nodePort) errors.forbidden(`spec.ports[${index}].nodePort`, "may not be used when `type` is 'ClusterIP'");
  for (const [index, { nodePort, protocol }] of ports.entries()) {
    if (!nodePort) continue;
    if (nodePorts.has(`${protocol}/${nodePort}`)) errors.duplicate(`spec.ports[${index}].nodePort`, nodePort);
    nodePorts.add(`${protocol}/${nodePort}`);
  }
  for (const [index, { port, protocol }] of ports.entries()) {
    // The value as Kubernetes' own type of it reads.
    const value = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    if (numbers.has(`${protocol}/${port}`)) errors.duplicate(`spec.ports[${index}]`, value);
    numbers.add(`${protocol}/${port}`);
  }
}

function checkAffinity(errors: FieldErrors, { sessionAffinity = '', sessionAffinityConfig }: V1ServiceSpec): void {
  if (sessionAffinity === '') errors.required('spec.sessionAffinity');
  else if (!AFFINITIES.includes(sessionAffinity)) errors.notSupported('spec.sessionAffinity', sessionAffinity, AFFINITIES);
  const path = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None' && sessionAffinityConfig !== undefined) errors.forbidden(path, 'must not be set when session affinity is None');
  if (sessionAffinity !== 'ClientIP') return;
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (sessionAffinityConfig === undefined) errors.required(path, 'when session affinity type is ClientIP');
  else if (sessionAffinityConfig.clientIP === undefined) errors.required(`${path}.clientIP`, 'when session affinity type is ClientIP');
  else if (seconds === undefined) errors.required(`${path}.clientIP.timeoutSeconds`, 'when session affinity type is ClientIP');
  else if (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX)
    errors.invalid(`${path}.clientIP.timeoutSeconds`, seconds, `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`);
}

function checkSourceRanges(errors: FieldErrors, { metadata, spec }: V1Service, old?: V1Service): void {
  const ranges = spec?.loadBalancerSourceRanges ?? [];
  const text = metadata.annotations?.[RANGES];
  // Kubernetes' own path has this capital letter.
  const field = ranges.length > 0 ? 'spec.LoadBalancerSourceRanges' : `metadata.annotations[${RANGES}]`;
  if (ranges.length === 0 && text === undefined) return;
  if (spec?.type !== 'LoadBalancer') errors.forbidden(field, ONLY_BALANCER);
  const kept = (old?.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim());
  for (const [index, range] of ranges.entries()) checkRange(errors, `${field}[${index}]`, range.trim(), kept);
  if (ranges.length > 0 || !text?.trim() || old?.metadata.annotations?.[RANGES] === text) return;
  for (const range of text.split(',')) checkRange(errors, field, range.trim());
}

function checkBalancer(errors: FieldErrors, spec: V1ServiceSpec): void {
  const isBalancer = spec.type === 'LoadBalancer';
  if (spec.allocateLoadBalancerNodePorts !== undefined && !isBalancer) errors.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCER);
  if (spec.allocateLoadBalancerNodePorts === undefined && isBalancer) errors.required('allocateLoadBalancerNodePorts');
  if (spec.loadBalancerClass === undefined) return;
  if (isBalancer) checkText(errors, 'spec.loadBalancerClass', spec.loadBalancerClass, qualifiedName);
  else errors.forbidden('spec.loadBalancerClass', ONLY_BALANCER);
}

function checkTraffic(errors: FieldErrors, spec: V1ServiceSpec): void {
  const { externalTrafficPolicy: outer, internalTrafficPolicy: inner, healthCheckNodePort: health, trafficDistribution } = spec;
  if (!isExternallyReachable(spec)) {
    if (outer) errors.invalid('spec.externalTrafficPolicy', outer, 'may only be set for externally-accessible services');
  } else if (!outer) errors.required('spec.externalTrafficPolicy');
  else if (!TRAFFIC.includes(outer)) errors.notSupported('spec.externalTrafficPolicy', outer, TRAFFIC);
  if (needsHealthCheck(spec)) {
    if (!health) errors.required('spec.healthCheckNodePort');
    else checkPort(errors, 'spec.healthCheckNodePort', health);
  } else if (health) errors.invalid('spec.healthCheckNodePort', health, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
  if (inner === undefined) {
    if (spec.type !== 'ExternalName' && TYPES.includes(spec.type ?? '')) errors.required('spec.internalTrafficPolicy');
  } else if (!TRAFFIC.includes(inner)) errors.notSupported('spec.internalTrafficPolicy', inner, TRAFFIC);
  if (trafficDistribution !== undefined && !DISTRIBUTIONS.includes(trafficDistribution))
    errors.notSupported('spec.trafficDistribution', trafficDistribution, DISTRIBUTIONS);
}
