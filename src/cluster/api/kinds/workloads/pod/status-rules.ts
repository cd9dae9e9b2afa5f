import type { V1ContainerStatus, V1Pod, V1PodCondition, V1PodSpec, V1PodStatus } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkIp, parseIp } from '../../../validation/ip.ts';
import type { AnyContainer } from '../../../validation/pod-spec/context.ts';
import { checkKept } from '../../../validation/same.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../../../validation/text-formats.ts';

const SYSTEM_CONDITIONS = ['PodScheduled', 'Ready', 'Initialized'];

/** What a node's status update leaves as it was when it doesn't say it. */
export function keepUnsaid({ status }: V1Pod, { status: old }: V1Pod): void {
  if (status === undefined || old === undefined) return;
  if (!status.qosClass && old.qosClass) status.qosClass = old.qosClass;
  if (!status.observedGeneration && old.observedGeneration) status.observedGeneration = old.observedGeneration;
  const conditions: V1PodCondition[] = [...(old.conditions ?? [])];
  for (const condition of status.conditions ?? []) {
    const index = conditions.findIndex(({ type }) => type === condition.type);
    const [one] = index < 0 ? [] : conditions.splice(index, 1);
    if (!condition.observedGeneration && one?.observedGeneration) condition.observedGeneration = one.observedGeneration;
  }
}

export function validatePodStatus(errors: FieldErrors, { status = {}, spec }: V1Pod, { status: old = {}, spec: oldSpec }: V1Pod): void {
  checkConditions(errors, status);
  checkNominated(errors, status.nominatedNodeName ?? '', old.nominatedNodeName ?? '', oldSpec?.nodeName);
  if ((status.observedGeneration ?? 0) < 0) errors.invalid('status.observedGeneration', status.observedGeneration, 'must be a non-negative integer');
  checkKept(errors, 'status.qosClass', status.qosClass, old.qosClass);
  if (oldSpec !== undefined) checkTransitions(errors, status, old, oldSpec);
  checkClaims(errors, status, spec);
  checkAddresses(errors, 'status.podIPs', status.podIPs ?? [], old.podIPs ?? []);
  const [first] = status.hostIPs ?? [];
  if (first !== undefined && status.hostIP !== first.ip) errors.invalid('status.hostIPs[0].ip', first.ip, 'must be equal to `hostIP`');
  checkAddresses(errors, 'status.hostIPs', status.hostIPs ?? [], old.hostIPs ?? []);
}

function checkConditions(errors: FieldErrors, { conditions = [] }: V1PodStatus): void {
  for (const [index, { type = '', observedGeneration = 0 }] of conditions.entries()) {
    const here = `status.conditions[${index}]`;
    if (observedGeneration < 0) errors.invalid(`${here}.observedGeneration`, observedGeneration, 'must be a non-negative integer');
    if (!SYSTEM_CONDITIONS.includes(type)) checkText(errors, `${here}.Type`, type, qualifiedName);
  }
}

function checkNominated(errors: FieldErrors, name: string, before: string, bound: string | undefined): void {
  if (name === before || name === '') return;
  checkText(errors, 'status.nominatedNodeName', name, dnsSubdomain);
  if (bound) errors.forbidden('status.nominatedNodeName', 'may not be set on pods that are already bound to a node');
}

/** What ended stays ended, unless it is to be started again. */
function checkTransitions(errors: FieldErrors, now: V1PodStatus, old: V1PodStatus, spec: V1PodSpec): void {
  const main = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  if (main.some(({ restartPolicyRules = [] }) => restartPolicyRules.some(({ action }) => action === 'RestartAllContainers'))) return;
  for (const [list, containers] of [
    ['containerStatuses', spec.containers ?? []],
    ['initContainerStatuses', spec.initContainers ?? []],
    ['ephemeralContainerStatuses', []],
  ] as const) {
    for (const [index, { name, state }] of (old[list] ?? []).entries()) {
      const next = now[list]?.find((status) => status.name === name);
      if (state?.terminated === undefined || next === undefined || next.state?.terminated !== undefined) continue;
      const container = containers.find((one) => one.name === name);
      if (container === undefined || !mayRestart(container, spec, state.terminated))
        errors.forbidden(`status.${list}[${index}].state`, 'may not be transitioned to non-terminated state');
    }
  }
}

type Ended = NonNullable<NonNullable<V1ContainerStatus['state']>['terminated']>;

function mayRestart({ restartPolicy, restartPolicyRules = [] }: AnyContainer, spec: V1PodSpec, { exitCode }: Ended): boolean {
  const isRuled = restartPolicyRules.some(
    ({ exitCodes }) => exitCodes !== undefined && (exitCodes.values ?? []).includes(exitCode) === (exitCodes.operator === 'In'),
  );
  if (isRuled) return true;
  const policy = restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function checkClaims(errors: FieldErrors, { resourceClaimStatuses = [] }: V1PodStatus, spec: V1PodSpec | undefined): void {
  const seen = new Set<string>();
  for (const [index, { name, resourceClaimName }] of resourceClaimStatuses.entries()) {
    const here = `status.resourceClaimStatuses[${index}]`;
    if (!spec?.resourceClaims?.some((claim) => claim.name === name))
      errors.invalid(`${here}.name`, name, 'must match the name of an entry in `spec.resourceClaims`');
    if (seen.has(name)) errors.duplicate(`${here}.name`, name);
    seen.add(name);
    if (resourceClaimName !== undefined) checkText(errors, `${here}.resourceClaimName`, resourceClaimName, dnsSubdomain);
  }
}

interface Address {
  readonly ip?: string;
}

/** One of each family at most. */
function checkAddresses(errors: FieldErrors, path: string, addresses: readonly Address[], before: readonly Address[]): void {
  const kept = before.map(({ ip = '' }) => ip);
  for (const [index, { ip = '' }] of addresses.entries()) checkIp(errors, `${path}[${index}]`, ip, kept);
  const families = new Set(addresses.map(({ ip = '' }) => parseIp(ip)?.family));
  if (addresses.length > 1 && (families.size !== 2 || addresses.length > 2))
    errors.invalid(path, addresses, 'may specify no more than one IP for each IP family');
}
