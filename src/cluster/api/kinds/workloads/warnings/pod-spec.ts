import type { V1Pod, V1PodSpec, V1PodTemplateSpec } from '../../../generated/types.ts';
import type { ObjectMeta } from '../../../types.ts';
import { addressWarnings } from '../../../validation/address-warnings.ts';
import { fractionWarning } from './amounts.ts';
import { BYTES, containerWarnings } from './containers.ts';
import { placementWarnings, podAffinityWarnings } from './placement.ts';
import { volumeWarnings } from './volumes.ts';

/** Annotations that do nothing any longer, and what does. */
const OLD_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod';

export const podWarnings = ({ metadata, spec }: V1Pod): readonly string[] => specWarnings('', metadata, spec);

export const templateWarnings = (path: string, template: V1PodTemplateSpec | undefined): readonly string[] =>
  specWarnings(`${path}.`, template?.metadata, template?.spec);

function specWarnings(at: string, metadata: Pick<ObjectMeta, 'annotations'> = {}, spec: V1PodSpec | undefined): readonly string[] {
  if (spec === undefined) return [];
  const { annotations = {} } = metadata;
  const path = `${at}spec`;
  const old = Object.entries(OLD_ANNOTATIONS).flatMap(([key, why]) => (annotations[key] === undefined ? [] : [`${at}metadata.annotations[${key}]: ${why}`]));
  const hasSeccomp = annotations[SECCOMP] !== undefined && !spec.securityContext?.seccompProfile;
  return [
    ...placementWarnings(path, spec),
    ...old,
    ...volumeWarnings(path, spec),
    ...listWarnings(path, spec),
    ...BYTES.flatMap((name) => fractionWarning(`${path}.overhead[${name}]`, spec.overhead?.[name])),
    ...(hasSeccomp ? [`${at}metadata.annotations[${SECCOMP}]: non-functional in v1.27+; use the "seccompProfile" field instead`] : []),
    ...containerWarnings(path, { annotations, path: `${at}metadata` }, spec, at !== ''),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${path}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...podAffinityWarnings(path, spec),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((address, index) => addressWarnings(`${path}.dnsConfig.nameservers[${index}]`, address)),
    ...(spec.hostAliases ?? []).flatMap(({ ip }, index) => addressWarnings(`${path}.hostAliases[${index}].ip`, ip)),
  ];
}

/** What stands twice in a list, or is nothing. */
function listWarnings(path: string, { hostAliases = [], imagePullSecrets = [] }: V1PodSpec): string[] {
  const names = imagePullSecrets.map(({ name = '' }) => name);
  return [
    ...repeated(hostAliases.map(({ ip = '' }) => ip)).map(([index, ip]) => `${path}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`),
    ...repeated(names).map(([index, name]) => `${path}.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`),
    ...names.flatMap((name, index) => (name === '' ? [`${path}.imagePullSecrets[${index}].name: invalid empty name ""`] : [])),
  ];
}

const repeated = (texts: readonly string[]): (readonly [number, string])[] =>
  texts.flatMap((text, index) => (texts.indexOf(text) < index ? [[index, text] as const] : []));
