import type { V1HTTPIngressPath, V1Ingress, V1IngressBackend, V1IngressRule, V1IngressTLS, V1TypedLocalObjectReference } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { isIp } from '../../validation/ip.ts';
import { checkPort } from '../../validation/numbers.ts';
import { checkText, dnsLabel, dnsSubdomain, pathSegment, portName, wildcardSubdomain } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { checkLoadBalancerStatus } from './load-balancer.ts';

const CLASS = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_ENDS = ['/..', '/.'];
const HOSTS_SHOWN = 3;

function validate(errors: FieldErrors, { metadata, spec = {} }: V1Ingress, old?: V1Ingress): void {
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined) errors.invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified');
  if (defaultBackend !== undefined) checkBackend(errors, 'spec.defaultBackend', defaultBackend);
  for (const [index, rule] of rules.entries()) checkRule(errors, `spec.rules[${index}]`, rule);
  for (const [index, one] of tls.entries()) checkTls(errors, `spec.tls[${index}]`, one);
  if (ingressClassName !== undefined) checkText(errors, 'spec.ingressClassName', ingressClassName, dnsSubdomain);
  const named = metadata.annotations?.[CLASS];
  if (old === undefined && named !== undefined && ingressClassName !== undefined && named !== ingressClassName)
    errors.invalid(`annotations.${CLASS}`, named, 'must match `ingressClassName` when both are specified');
}

function checkHost(errors: FieldErrors, field: string, host: string): void {
  checkText(errors, field, host, host.includes('*') ? wildcardSubdomain : dnsSubdomain);
}

function checkTls(errors: FieldErrors, path: string, { hosts = [], secretName }: V1IngressTLS): void {
  for (const [index, host] of hosts.entries()) checkHost(errors, `${path}.hosts[${index}]`, host);
  if (secretName) checkText(errors, `${path}.secretName`, secretName, dnsSubdomain);
}

function checkRule(errors: FieldErrors, path: string, { host, http }: V1IngressRule): void {
  if (host) {
    if (isIp(host)) errors.invalid(`${path}.host`, host, 'must be a DNS name, not an IP address');
    checkHost(errors, `${path}.host`, host);
  }
  if (http === undefined) return;
  if (!http.paths?.length) errors.required(`${path}.http.paths`);
  for (const [index, one] of (http.paths ?? []).entries()) checkPath(errors, `${path}.http.paths[${index}]`, one);
}

function checkPath(errors: FieldErrors, here: string, { path = '', pathType, backend }: V1HTTPIngressPath): void {
  if (pathType === undefined) return errors.required(`${here}.pathType`, 'pathType must be specified');
  const wrong = (why: string) => errors.invalid(`${here}.path`, path, why);
  if (!PATH_TYPES.includes(pathType)) errors.notSupported(`${here}.pathType`, pathType, PATH_TYPES);
  else if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !path.startsWith('/')) wrong('must be an absolute path');
  } else {
    if (!path.startsWith('/')) wrong('must be an absolute path');
    for (const part of BAD_PARTS) if (path.includes(part)) wrong(`must not contain '${part}'`);
    for (const end of BAD_ENDS) if (path.endsWith(end)) wrong(`cannot end with '${end}'`);
  }
  checkBackend(errors, `${here}.backend`, backend ?? {});
}

function checkBackend(errors: FieldErrors, path: string, { resource, service }: V1IngressBackend): void {
  if (resource !== undefined && service !== undefined) return errors.invalid(path, '', 'cannot set both resource and service backends');
  if (resource !== undefined) return checkResource(errors, `${path}.resource`, resource);
  if (service === undefined) return errors.invalid(path, '', 'resource or service backend is required');
  if (!service.name) errors.required(`${path}.service.name`);
  else checkText(errors, `${path}.service.name`, service.name, dnsLabel);
  const { name, number } = service.port ?? {};
  if (name && number) errors.invalid(path, '', 'cannot set both port name & port number');
  else if (name) checkText(errors, `${path}.service.port.name`, name, portName);
  else if (number) checkPort(errors, `${path}.service.port.number`, number);
  else errors.required(path, 'port name or number is required');
}

function checkResource(errors: FieldErrors, path: string, { apiGroup, kind, name }: V1TypedLocalObjectReference): void {
  if (apiGroup !== undefined) checkText(errors, `${path}.apiGroup`, apiGroup, dnsSubdomain);
  if (!kind) errors.required(`${path}.kind`);
  else checkText(errors, `${path}.kind`, kind, pathSegment);
  if (!name) errors.required(`${path}.name`);
  else checkText(errors, `${path}.name`, name, pathSegment);
}

function hostsText({ spec }: V1Ingress): string {
  const rules = spec?.rules ?? [];
  const hosts: string[] = [];
  let more = false;
  for (const { host } of rules) {
    if (hosts.length === HOSTS_SHOWN) more = true;
    else if (host) hosts.push(host);
  }
  if (hosts.length === 0) return '*';
  return more ? `${hosts.join(',')} + ${rules.length - HOSTS_SHOWN} more...` : hosts.join(',');
}

const columns: readonly Column[] = [
  nameColumn,
  column<V1Ingress>('Class', ({ spec }) => spec?.ingressClassName ?? '<none>'),
  column<V1Ingress>('Hosts', hostsText),
  column<V1Ingress>('Address', ({ status }) => {
    const reached = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter((one) => one !== '');
    return [...new Set(reached)].sort().join(',');
  }),
  column<V1Ingress>('Ports', ({ spec }) => (spec?.tls?.length ? '80, 443' : '80')),
  ageColumn,
];

export const INGRESS = strategy<V1Ingress>({
  counted: true,
  prepareCreate: (ingress) => {
    ingress.status = { loadBalancer: {} };
  },
  validate,
  validateStatus: (errors, { status }, old) => checkLoadBalancerStatus(errors, status?.loadBalancer?.ingress, old.status?.loadBalancer?.ingress),
  warnings: ({ metadata, spec }, old) =>
    old === undefined && metadata.annotations?.[CLASS] !== undefined && spec?.ingressClassName === undefined
      ? [`annotation "${CLASS}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
  columns,
});
