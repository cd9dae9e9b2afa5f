import type { V1PodSpec } from '../generated/types.ts';
import { checkChoice } from './choices.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkInRange } from './numbers.ts';
import { checkAffinity } from './pod-spec/affinity.ts';
import { checkContainers, checkEphemeralContainers, checkInitContainers } from './pod-spec/containers.ts';
import { type ContainerPlace, eachContainer, type SpecPlace } from './pod-spec/context.ts';
import { checkFileVolumes } from './pod-spec/environment.ts';
import { checkHostNames } from './pod-spec/host-names.ts';
import { checkSchedulingGates, checkSchedulingGroup, checkSpread } from './pod-spec/placement.ts';
import { checkOverhead, checkPodClaims, checkPodResources } from './pod-spec/resources.ts';
import { checkPodSecurityContext } from './pod-spec/security.ts';
import { checkTolerations } from './pod-spec/tolerations.ts';
import { checkVolumes } from './pod-spec/volumes.ts';
import { checkHostProcess, checkOs } from './pod-spec/windows.ts';
import { checkLabelMap } from './selector-rules.ts';
import { checkText, dnsSubdomain, qualifiedName } from './text-formats.ts';

const DEADLINE_MAX_S = 2 ** 31 - 1;
const NAMES = ['serviceAccountName', 'nodeName', 'priorityClassName'] as const;

/** The rules of a Pod's spec, at `path`; it has its defaults. */
export function checkPodSpec(errors: FieldErrors, path: string, spec: V1PodSpec, place: SpecPlace): void {
  const volumes = checkVolumes(errors, `${path}.volumes`, spec, place);
  const claims = checkPodClaims(errors, `${path}.resourceClaims`, spec.resourceClaims);
  const hostUsers = spec.hostUsers ?? true;
  const inner: ContainerPlace = { ...place, spec, volumes, claims, hostUsers, gracePeriod_s: spec.terminationGracePeriodSeconds };
  checkContainers(errors, `${path}.containers`, inner);
  checkInitContainers(errors, `${path}.initContainers`, inner);
  checkEphemeralContainers(errors, `${path}.ephemeralContainers`, inner);
  checkPodResources(errors, `${path}.resources`, spec, claims);
  checkHostNetwork(errors, path, spec, place);
  checkChoice(errors, `${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never'], false);
  checkPodSecurityContext(errors, `${path}.securityContext`, spec);
  checkPlacement(errors, path, spec);
  checkHostNames(errors, path, spec);
  for (const [index, { conditionType = '' }] of (spec.readinessGates ?? []).entries())
    checkText(errors, `${path}.readinessGates[${index}].conditionType`, conditionType, qualifiedName);
  checkHostProcess(errors, path, spec);
  checkUserNamespace(errors, path, spec);
  for (const field of NAMES) {
    const name = spec[field];
    if (name) checkText(errors, `${path}.${field}`, name, dnsSubdomain);
  }
  if (spec.runtimeClassName !== undefined) checkText(errors, `${path}.runtimeClassName`, spec.runtimeClassName, dnsSubdomain);
  checkInRange(errors, `${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, DEADLINE_MAX_S);
  checkChoice(errors, `${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never'], false);
  if (spec.overhead) checkOverhead(errors, `${path}.overhead`, spec.overhead);
  checkOs(errors, path, spec);
  checkFileVolumes(errors, path, spec);
}

function checkPlacement(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  checkLabelMap(errors, `${path}.nodeSelector`, spec.nodeSelector);
  checkAffinity(errors, `${path}.affinity`, spec.affinity);
  checkSchedulingGates(errors, `${path}.schedulingGates`, spec.schedulingGates);
  checkSpread(errors, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  checkTolerations(errors, `${path}.tolerations`, spec.tolerations);
  checkSchedulingGroup(errors, `${path}.schedulingGroup`, spec.schedulingGroup);
}

/** On the machine's own network a container's port is the machine's. */
function checkHostNetwork(errors: FieldErrors, path: string, { hostNetwork, containers = [] }: V1PodSpec, { isPod }: SpecPlace): void {
  if (!hostNetwork) return;
  for (const [index, { ports = [] }] of containers.entries())
    for (const [at, { hostPort = 0, containerPort }] of ports.entries())
      if ((isPod || hostPort !== 0) && hostPort !== containerPort)
        errors.invalid(`${path}.containers[${index}].ports[${at}].hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true');
}

/** Users of their own go with no other namespace of the machine. */
function checkUserNamespace(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  if (spec.hostUsers !== false) return;
  const why = 'when `hostUsers` is false';
  if (spec.hostNetwork) errors.forbidden(`${path}.hostNetwork`, why);
  // So Kubernetes writes these two.
  if (spec.hostPID) errors.forbidden(`${path}.HostPID`, why);
  if (spec.hostIPC) errors.forbidden(`${path}.HostIPC`, why);
  for (const [here, { volumeDevices = [] }] of eachContainer(spec, path)) if (volumeDevices.length > 0) errors.forbidden(`${here}.volumeDevices`, why);
}
