import type { V1AppArmorProfile, V1PodSecurityContext, V1PodSpec, V1SeccompProfile, V1SecurityContext } from '../../generated/types.ts';
import { checkChoice } from '../choices.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkInRange } from '../numbers.ts';
import { checkDescending } from './formats.ts';
import { checkWindowsOptions } from './windows.ts';

const ID_MAX = 2 ** 31 - 1;
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const PROFILE_BYTES_MAX = 4095;
const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const SYSCTL_BYTES_MAX = 253;
/** Settings of the kernel that are a namespace's, by the beginnings of their names. */
const NET_SYSCTLS = /^net\./;
const IPC_SYSCTLS = /^(?:kernel\.(?:sem|shm(?:all|max|mni|_rmid_forced)?|msg(?:max|mnb|mni)?)$|fs\.mqueue\.)/;

/** How a container is kept in. */
export function checkSecurityContext(errors: FieldErrors, path: string, context: V1SecurityContext | undefined, hostUsers: boolean): void {
  if (context === undefined) return;
  const { allowPrivilegeEscalation, privileged, capabilities, procMount } = context;
  for (const field of ['runAsUser', 'runAsGroup'] as const) checkInRange(errors, `${path}.${field}`, context[field], 0, ID_MAX);
  if (procMount !== undefined) {
    if (procMount !== 'Default' && procMount !== 'Unmasked') errors.notSupported(`${path}.procMount`, procMount, ['Default', 'Unmasked']);
    if (hostUsers && procMount === 'Unmasked') errors.invalid(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`');
  }
  checkSeccomp(errors, `${path}.seccompProfile`, context.seccompProfile);
  if (allowPrivilegeEscalation === false) {
    if (privileged === true) errors.invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    if (capabilities?.add?.includes('CAP_SYS_ADMIN'))
      errors.invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
  }
  checkWindowsOptions(errors, `${path}.windowsOptions`, context.windowsOptions);
  checkAppArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile);
}

function checkSeccomp(errors: FieldErrors, path: string, profile: V1SeccompProfile | undefined): void {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  if (!type) errors.required(`${path}.type`, 'type is required when seccompProfile is set');
  else checkChoice(errors, `${path}.type`, type, PROFILE_TYPES, true);
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined)
      errors.invalid(`${path}.localhostProfile`, { Type: type ?? '', LocalhostProfile: localhostProfile }, 'can only be set when seccomp type is Localhost');
  } else if (localhostProfile === undefined) errors.required(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost');
  else checkDescending(errors, `${path}.localhostProfile`, localhostProfile);
}

function checkAppArmor(errors: FieldErrors, path: string, profile: V1AppArmorProfile | undefined): void {
  if (profile === undefined) return;
  const { type, localhostProfile } = profile;
  const field = `${path}.localhostProfile`;
  if (!type) errors.required(`${path}.type`, 'type is required when appArmorProfile is set');
  else checkChoice(errors, `${path}.type`, type, PROFILE_TYPES, true);
  if (type === 'Localhost') {
    if (!localhostProfile) errors.required(field, 'must be set when AppArmor type is Localhost');
    else if (localhostProfile.trim() !== localhostProfile) errors.invalid(field, localhostProfile, 'must not be padded with whitespace');
    if (Buffer.byteLength(localhostProfile ?? '') > PROFILE_BYTES_MAX) errors.tooLong(field, PROFILE_BYTES_MAX);
  } else if (localhostProfile !== undefined && PROFILE_TYPES.includes(type))
    errors.invalid(field, localhostProfile, 'can only be set when AppArmor type is Localhost');
}

/** How the whole Pod is kept in. */
export function checkPodSecurityContext(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  const { securityContext: context, shareProcessNamespace, hostPID } = spec;
  if (context !== undefined) {
    for (const field of ['fsGroup', 'runAsUser', 'runAsGroup'] as const) checkInRange(errors, `${path}.${field}`, context[field], 0, ID_MAX);
    for (const [index, group] of (context.supplementalGroups ?? []).entries()) checkInRange(errors, `${path}.supplementalGroups[${index}]`, group, 0, ID_MAX);
  }
  if (shareProcessNamespace && hostPID) errors.invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled');
  if (context === undefined) return;
  checkSysctls(errors, `${path}.sysctls`, context, spec);
  checkChoice(errors, `${path}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], false);
  checkSeccomp(errors, `${path}.seccompProfile`, context.seccompProfile);
  checkWindowsOptions(errors, `${path}.windowsOptions`, context.windowsOptions);
  checkAppArmor(errors, `${path}.appArmorProfile`, context.appArmorProfile);
  checkChoice(errors, `${path}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict'], false);
  checkChoice(errors, `${path}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['Recursive'], false);
}

function checkSysctls(errors: FieldErrors, path: string, { sysctls = [] }: V1PodSecurityContext, { hostNetwork, hostIPC }: V1PodSpec): void {
  const names = new Set<string>();
  for (const [index, { name }] of sysctls.entries()) {
    const field = `${path}[${index}].name`;
    if (!name) errors.required(field);
    else if (Buffer.byteLength(name) > SYSCTL_BYTES_MAX || !new RegExp(SYSCTL).test(name))
      errors.invalid(field, name, `must have at most ${SYSCTL_BYTES_MAX} characters and match regex ${SYSCTL}`);
    else if (names.has(name)) errors.duplicate(field, name);
    names.add(name);
    const dotted = (name ?? '').replaceAll('/', '.');
    if (hostNetwork && NET_SYSCTLS.test(dotted)) errors.invalid(field, name, "may not be specified when 'hostNetwork' is true");
    else if (hostIPC && IPC_SYSCTLS.test(dotted)) errors.invalid(field, name, "may not be specified when 'hostIPC' is true");
  }
}
