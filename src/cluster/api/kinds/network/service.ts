import type { V1Service } from '../../generated/types.ts';
import { ageColumn, type Column, column, list, nameColumn, selectorText } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsLabel } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { serviceWarnings } from './service-warnings.ts';
import { checkLoadBalancerStatus } from './load-balancer.ts';
import { checkAddressesKept, checkFamiliesKept } from './service-addresses.ts';
import { dropWhatTypeLeft, needsHealthCheck } from './service-parts.ts';
import { checkServiceFields } from './service-rules.ts';

const AFFINITY_SECONDS = 10_800;

function setDefaults({ spec, status }: V1Service): void {
  if (spec === undefined) return;
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined)
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: AFFINITY_SECONDS } };
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
  }
  if (isReachedFromOutside(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'LoadBalancer') return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const entry of status?.loadBalancer?.ingress ?? []) if (entry.ip) entry.ipMode ??= 'VIP';
}

/** Whether packets from elsewhere reach it by its own doing. */
function isReachedFromOutside({ type, externalIPs }: NonNullable<V1Service['spec']>): boolean {
  return type === 'LoadBalancer' || type === 'NodePort' || (type === 'ClusterIP' && (externalIPs ?? []).length > 0);
}

function validate(errors: FieldErrors, service: V1Service, old?: V1Service): void {
  const { spec } = service;
  if (spec === undefined) return errors.required('spec.ports');
  if (old?.spec !== undefined) {
    checkAddressesKept(errors, spec, old.spec);
    checkFamiliesKept(errors, spec, old.spec);
    if (spec.type === 'LoadBalancer' && old.spec.type === 'LoadBalancer' && spec.loadBalancerClass !== old.spec.loadBalancerClass)
      errors.invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set');
    if (needsHealthCheck(spec) && needsHealthCheck(old.spec) && spec.healthCheckNodePort !== old.spec.healthCheckNodePort)
      errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
  checkServiceFields(errors, service, old);
}

function externalText({ spec, status }: V1Service): string {
  const others = spec?.externalIPs ?? [];
  if (spec?.type === 'ExternalName') return spec.externalName ?? '';
  if (spec?.type !== 'LoadBalancer') return list(others);
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((one) => one !== '');
  return [...new Set(balanced.sort()), ...others].join(',') || '<pending>';
}

const columns: readonly Column[] = [
  nameColumn,
  column<V1Service>('Type', ({ spec }) => spec?.type ?? ''),
  column<V1Service>('Cluster-IP', ({ spec }) => spec?.clusterIPs?.[0] ?? spec?.clusterIP ?? '<none>'),
  column<V1Service>('External-IP', externalText),
  column<V1Service>('Port(s)', ({ spec }) =>
    list((spec?.ports ?? []).map(({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol ?? 'TCP'}`)),
  ),
  ageColumn,
  column<V1Service>('Selector', ({ spec }) => selectorText(spec?.selector ? { matchLabels: spec.selector } : undefined), 1),
];

export const SERVICE = strategy<V1Service>({
  setDefaults,
  prepareCreate: (service) => {
    service.status = { loadBalancer: {} };
  },
  prepareUpdate: dropWhatTypeLeft,
  prepareStatusUpdate: (service) => {
    // A Service is never without it, whoever says that there is none.
    service.status = { ...service.status, loadBalancer: service.status?.loadBalancer ?? {} };
  },
  validateName: (errors, field, name) => checkText(errors, field, name, dnsLabel),
  validate,
  validateStatus: (errors, { spec, status }, old) => {
    if (spec?.type !== 'LoadBalancer' && (status?.loadBalancer?.ingress ?? []).length > 0)
      errors.forbidden('status.loadBalancer.ingress', "may only be used when `spec.type` is 'LoadBalancer'");
    else checkLoadBalancerStatus(errors, status?.loadBalancer?.ingress, old.status?.loadBalancer?.ingress, true);
  },
  warnings: serviceWarnings,
  columns,
});
