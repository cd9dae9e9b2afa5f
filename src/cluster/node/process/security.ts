import type { V1Container, V1PodSpec } from '#cluster/api';
import { ContainerConfigError } from '../errors.ts';
import type { RuntimeContainerSpec } from '../types.ts';

/**
 * What a container may, from its own and the Pod's security context. A container that says nothing of seccomp gets the default
 * profile (Kubernetes leaves such ones unconfined unless `SeccompDefault` is on). Pure. Errors: `CreateContainerConfigError`.
 */
export function securityOf(spec: V1PodSpec, container: V1Container, imageUser: string): RuntimeContainerSpec['security'] {
  const pod = spec.securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? pod.runAsUser;
  const runAsGroup = own.runAsGroup ?? pod.runAsGroup;
  if (own.runAsNonRoot ?? pod.runAsNonRoot) refuseRoot(container.name, runAsUser, imageUser);
  const seccomp = (own.seccompProfile ?? pod.seccompProfile)?.type;
  const groups = [...(pod.supplementalGroups ?? []), ...(pod.fsGroup === undefined ? [] : [pod.fsGroup])];
  const user = userWords(runAsUser, runAsGroup, imageUser);
  const privileged = own.privileged === true;
  return {
    privileged,
    ...(user === undefined ? {} : { user }),
    ...(groups.length > 0 ? { groups } : {}),
    ...(own.capabilities?.add ? { capabilitiesAdd: own.capabilities.add } : {}),
    ...(own.capabilities?.drop ? { capabilitiesDrop: own.capabilities.drop } : {}),
    readOnlyRoot: own.readOnlyRootFilesystem === true,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: seccomp === 'Unconfined' || (privileged && seccomp === undefined) ? 'unconfined' : 'default',
  };
}

function userWords(user: number | undefined, group: number | undefined, imageUser: string): string | undefined {
  if (user === undefined && group === undefined) return undefined;
  const name = user === undefined ? imageUser.split(':')[0] || '0' : String(user);
  return group === undefined ? name : `${name}:${group}`;
}

function refuseRoot(container: string, runAsUser: number | undefined, imageUser: string): void {
  if (runAsUser === 0) throw new ContainerConfigError(`container's runAsUser breaks non-root policy (container: ${container})`);
  if (runAsUser !== undefined) return;
  const [name = ''] = imageUser.split(':');
  if (name === '' || name === '0' || name === 'root')
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root (container: ${container})`);
  if (!/^\d+$/.test(name))
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root (container: ${container})`,
    );
}
