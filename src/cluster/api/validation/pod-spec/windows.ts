import type { V1PodSpec, V1SecurityContext, V1WindowsSecurityContextOptions } from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkText, dnsSubdomain } from '../text-formats.ts';
import { eachContainer } from './context.ts';

const CREDENTIAL_BYTES_MAX = 64 * 1024;
const DOMAIN_BYTES_MAX = 256;
const USER_BYTES_MAX = 104;
const NETBIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

/** What only Windows knows of a container's keeping. */
export function checkWindowsOptions(errors: FieldErrors, path: string, options: V1WindowsSecurityContextOptions | undefined): void {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options ?? {};
  if (gmsaCredentialSpecName !== undefined) checkText(errors, `${path}.gmsaCredentialSpecName`, gmsaCredentialSpecName, dnsSubdomain);
  if (gmsaCredentialSpec === '') errors.invalid(`${path}.gmsaCredentialSpec`, '', 'gmsaCredentialSpec cannot be an empty string');
  else if (gmsaCredentialSpec !== undefined && Buffer.byteLength(gmsaCredentialSpec) > CREDENTIAL_BYTES_MAX)
    errors.invalid(`${path}.gmsaCredentialSpec`, gmsaCredentialSpec, 'gmsaCredentialSpec size must be under 64 KiB');
  if (runAsUserName !== undefined) for (const why of userProblems(runAsUserName)) errors.invalid(`${path}.runAsUserName`, runAsUserName, why);
}

/** What is wrong with `DOMAIN\user`. */
function userProblems(name: string): readonly string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  const rules: readonly (readonly [boolean, string])[] = [
    [Buffer.byteLength(domain ?? '') >= DOMAIN_BYTES_MAX, `Domain length must be under ${DOMAIN_BYTES_MAX} characters`],
    [domain !== undefined && !NETBIOS.test(domain) && !DNS_NAME.test(domain), "Domain doesn't match the NetBios nor the DNS format"],
    [user === '', 'User cannot be empty'],
    [Buffer.byteLength(user) > USER_BYTES_MAX, `User length must not be longer than ${USER_BYTES_MAX} characters`],
    [/^[. ]+$/.test(user), 'User cannot contain only periods or spaces'],
    [/["/\\:;|=,+*?<>@[\]]/.test(user), 'User cannot contain the following characters: "/\\:;|=,+*?<>@[]'],
  ];
  return rules.filter(([isWrong]) => isWrong).map(([, why]) => `runAsUserName's ${why}`);
}

/** Containers that are processes of the machine: all of a Pod's, or none. */
export function checkHostProcess(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = eachContainer(spec, path);
  let count = 0;
  for (const [here, { securityContext }] of containers) {
    const own = securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && ofPod !== own)
      errors.invalid(`${here}.securityContext.windowsOptions.hostProcess`, own, `pod hostProcess value must be identical if both are specified, was ${ofPod}`);
    if (own ?? ofPod) count++;
  }
  if (count === 0) return;
  if (count !== containers.length) errors.invalid(path, '', 'If pod contains any hostProcess containers then all containers must be HostProcess containers');
  if (spec.hostNetwork !== true) errors.invalid(`${path}.hostNetwork`, false, 'hostNetwork must be true if pod contains any hostProcess containers');
}

/** Fields of a spec and of its security context that Windows has nothing for. */
const NOT_IN_SPEC = ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'] as const satisfies readonly (keyof V1PodSpec)[];
const NOT_IN_POD_CONTEXT = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const;
const NOT_IN_CONTEXT = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const satisfies readonly (keyof V1SecurityContext)[];

/** The system that a Pod says it is for has the fields that it uses. */
export function checkOs(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  const name = spec.os?.name;
  if (spec.os === undefined) return;
  if (!name) errors.required(`${path}.os.name`);
  else if (name === 'linux') checkLinux(errors, path, spec);
  else if (name === 'windows') checkWindows(errors, path, spec);
  else errors.notSupported(`${path}.os`, name, ['linux', 'windows']);
}

function checkLinux(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  const why = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions) errors.forbidden(`${path}.securityContext.windowsOptions`, why);
  for (const [here, { securityContext }] of eachContainer(spec, path))
    if (securityContext?.windowsOptions) errors.forbidden(`${here}.securityContext.windowsOptions`, why);
}

function checkWindows(errors: FieldErrors, path: string, spec: V1PodSpec): void {
  const why = 'cannot be set for a windows pod';
  const isSaid = (field: string, value: unknown) => (field === 'hostPID' || field === 'hostIPC' ? value === true : value !== undefined);
  for (const field of NOT_IN_SPEC) if (isSaid(field, spec[field])) errors.forbidden(`${path}.${field}`, why);
  for (const field of NOT_IN_POD_CONTEXT) if (spec.securityContext?.[field] !== undefined) errors.forbidden(`${path}.securityContext.${field}`, why);
  for (const [here, { securityContext }] of eachContainer(spec, path))
    for (const field of NOT_IN_CONTEXT) if (securityContext?.[field] !== undefined) errors.forbidden(`${here}.securityContext.${field}`, why);
}
