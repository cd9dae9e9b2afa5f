import type { V1ContainerPort, V1EnvVar, V1PodSpec } from '../../../generated/types.ts';
import type { ObjectMeta } from '../../../types.ts';
import { eachContainer } from '../../../validation/pod-spec/context.ts';
import { fractionWarnings } from './amounts.ts';

export const BYTES = ['memory', 'ephemeral-storage'];
const SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/';
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** Of each container: annotations where fields are now, parts of bytes, hidden variables; then the ports of all. */
export function containerWarnings(
  path: string,
  metadata: Pick<ObjectMeta, 'annotations'> & { readonly path: string },
  spec: V1PodSpec,
  isTemplate: boolean,
): string[] {
  const containers = eachContainer(spec, path);
  const annotated = (key: string, why: string) => (metadata.annotations?.[key] === undefined ? [] : [`${metadata.path}.annotations[${key}]: ${why}`]);
  const each = containers.flatMap(([here, { name, securityContext, resources, env }]) => [
    ...(securityContext?.seccompProfile ? [] : annotated(`${SECCOMP}${name}`, 'non-functional in v1.27+; use the "seccompProfile" field instead')),
    ...(isTemplate && !securityContext?.appArmorProfile && !spec.securityContext?.appArmorProfile
      ? annotated(`${APP_ARMOR}${name}`, 'deprecated since v1.30; use the "appArmorProfile" field instead')
      : []),
    ...fractionWarnings(`${here}.resources`, resources, BYTES),
    ...hiddenVariables(`${here}.env`, env),
  ]);
  const ports = containers.flatMap(([here, { ports: list = [] }]) => list.map((port, index) => ({ field: `${here}.ports[${index}]`, port })));
  return [...each, ...portWarnings(ports), ...portNameWarnings(ports)];
}

/** A variable that is set anew without a use of what it was. */
function hiddenVariables(path: string, env: readonly V1EnvVar[] = []): string[] {
  const names = new Set<string>();
  return env.flatMap(({ name, value = '', valueFrom }, index) => {
    if (!names.has(name)) {
      names.add(name);
      return [];
    }
    const reference = `$(${name})`;
    const isHidden = valueFrom !== undefined || value === reference || !value.includes(reference);
    return isHidden ? [`${path}[${index}]: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`] : [];
  });
}

interface PlacedPort {
  readonly field: string;
  readonly port: V1ContainerPort;
}

function portWarnings(ports: readonly PlacedPort[]): string[] {
  const seen = new Map<string, PlacedPort[]>();
  return ports.flatMap((placed) => {
    const { field, port } = placed;
    const { containerPort, protocol = 'TCP', hostIP = '', hostPort = 0, name = '' } = port;
    const key = `${containerPort}/${protocol}`;
    const others = seen.get(key) ?? [];
    seen.set(key, [...others, placed]);
    const printed = `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
    return [
      ...(hostIP !== '' && hostPort === 0 ? [`${field}: hostIP set without hostPort: ${printed}`] : []),
      ...others.flatMap((other) => {
        const how = likeness(port, other.port);
        return how === undefined ? [] : [`${field}: ${how} port definition with ${other.field}`];
      }),
    ];
  });
}

function likeness({ hostIP = '', hostPort = 0 }: V1ContainerPort, other: V1ContainerPort): string | undefined {
  const { hostIP: otherIP = '', hostPort: otherPort = 0 } = other;
  if (hostIP === otherIP && hostPort === otherPort) return 'duplicate';
  if (hostPort === 0 || otherPort === 0) return 'overlapping';
  return hostPort === otherPort && (hostIP === '') !== (otherIP === '') ? 'dangerously ambiguous' : undefined;
}

function portNameWarnings(ports: readonly PlacedPort[]): string[] {
  const fields = new Map<string, string>();
  return ports.flatMap(({ field, port: { name } }) => {
    if (!name) return [];
    const first = fields.get(name);
    if (first === undefined) fields.set(name, field);
    else return [`${field}: duplicate port name ${JSON.stringify(name)} with ${first}, services and probes that select ports by name will use ${first}`];
    return [];
  });
}
