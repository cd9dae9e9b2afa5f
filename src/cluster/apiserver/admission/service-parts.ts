import { isDeepStrictEqual } from 'node:util';
import type { StatusCause, V1ServiceSpec } from '#cluster/api';

/** The parts of a Service that decide what it is given. */
export const needsNodePorts = ({ type }: V1ServiceSpec): boolean => type === 'NodePort' || type === 'LoadBalancer';
export const needsHealthCheck = ({ type, externalTrafficPolicy }: V1ServiceSpec): boolean => type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

/** One thing that is wrong with a request, in Kubernetes' words. */
export function wrongField(field: string, value: unknown, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}` };
}

/** What was given once stays, where the change does not speak of it. Changes `spec`. */
export function carryOver(spec: V1ServiceSpec, before: V1ServiceSpec): void {
  if (spec.type === 'ExternalName' || before.type === 'ExternalName') return;
  spec.clusterIP ||= before.clusterIP ?? '';
  if (!spec.clusterIPs?.length && before.clusterIPs) spec.clusterIPs = [...before.clusterIPs];
  if (needsNodePorts(spec) && needsNodePorts(before)) carryPorts(spec, before);
  if (needsHealthCheck(spec) && needsHealthCheck(before) && !spec.healthCheckNodePort && before.healthCheckNodePort)
    spec.healthCheckNodePort = before.healthCheckNodePort;
}

/** By the port's name, as long as no other port of the change has taken the number. */
function carryPorts(spec: V1ServiceSpec, before: V1ServiceSpec): void {
  const asked = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
  const known = new Map((before.ports ?? []).map(({ name = '', nodePort }) => [name, nodePort]));
  for (const port of spec.ports ?? []) {
    const given = known.get(port.name ?? '');
    if (!port.nodePort && given && !asked.has(given)) port.nodePort = given;
  }
}

/** `clusterIP` and the first of `clusterIPs` are one: who writes only one of the two means both. Changes `spec`. */
export function settleAddresses(spec: V1ServiceSpec, before: V1ServiceSpec | undefined): void {
  if (before === undefined) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const same = isDeepStrictEqual(spec.clusterIPs ?? [], before.clusterIPs ?? []);
  if (!spec.clusterIPs?.length && before.clusterIPs?.length && spec.clusterIP === before.clusterIP) spec.clusterIPs = [...before.clusterIPs];
  if (spec.clusterIP === before.clusterIP || !same) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** What is there of both families follows from the policy; this cluster gives IPv4 alone. Changes `spec`; answers what can't be. */
export function settleFamilies(spec: V1ServiceSpec, before: V1ServiceSpec | undefined): readonly StatusCause[] {
  const open = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= before?.ipFamilyPolicy ?? (open ? 'RequireDualStack' : 'SingleStack');
  const single = spec.ipFamilyPolicy === 'SingleStack';
  if (single && before !== undefined) releaseSecond(spec, before);
  const wrong = [...(single ? secondOfSingle(spec) : []), ...inferFamilies(spec)];
  if (wrong.length > 0) return wrong;
  spec.ipFamilies = spec.ipFamilies?.length ? spec.ipFamilies : ['IPv4'];
  // Nobody gives these addresses, so any family may be among them.
  if (open) {
    if (!single && spec.ipFamilies.length === 1) spec.ipFamilies = [...spec.ipFamilies, spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4'];
    return [];
  }
  return notGiven(spec);
}

function releaseSecond(spec: V1ServiceSpec, before: V1ServiceSpec): void {
  if ((spec.clusterIPs?.length ?? 0) > 1 && isDeepStrictEqual(spec.clusterIPs, before.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1) ?? [];
  if ((spec.ipFamilies?.length ?? 0) > 1 && isDeepStrictEqual(spec.ipFamilies, before.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1) ?? [];
}

function secondOfSingle({ clusterIPs, ipFamilies, ipFamilyPolicy }: V1ServiceSpec): readonly StatusCause[] {
  const refuse = (what: string) =>
    wrongField('spec.ipFamilyPolicy', ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`);
  return [...(clusterIPs?.length === 2 ? [refuse('cluster IPs')] : []), ...(ipFamilies?.length === 2 ? [refuse('IP families')] : [])];
}

/** The family of an address that stands without one. */
function inferFamilies(spec: V1ServiceSpec): readonly StatusCause[] {
  const wrong: StatusCause[] = [];
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None' || index < (spec.ipFamilies?.length ?? 0)) continue;
    if (address.includes(':')) wrong.push(wrongField(`spec.clusterIPs[${index}]`, spec.clusterIPs, 'IPv6 is not configured on this cluster'));
    else spec.ipFamilies = [...(spec.ipFamilies ?? []), 'IPv4'];
  }
  return wrong;
}

function notGiven({ ipFamilies = [], ipFamilyPolicy }: V1ServiceSpec): readonly StatusCause[] {
  const dual =
    ipFamilyPolicy === 'RequireDualStack' ? [wrongField('spec.ipFamilyPolicy', ipFamilyPolicy, 'this cluster is not configured for dual-stack services')] : [];
  const foreign = ipFamilies.flatMap((family, index) =>
    family === 'IPv6' ? [wrongField(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster')] : [],
  );
  return [...dual, ...foreign];
}
