import type { V1Container, V1EphemeralContainer, V1LifecycleHandler, V1PodSpec, V1Probe } from '#cluster/api';

/** What of a Pod's spec this agent does not do. */
export interface Unsupported {
  /** The Pod can't be what it asks to be: it is not started. */
  readonly refused: readonly string[];
  /** It runs, less this. */
  readonly missing: readonly string[];
}
/** Field path → why not, where the field asks for something. */
type Found = readonly [path: string, asked: boolean, why: string];

/** Names every field of the spec that is not carried out. Pure. */
export function unsupported(spec: V1PodSpec): Unsupported {
  const containers = [...listed('containers', spec.containers), ...listed('initContainers', spec.initContainers ?? [])];
  const refused = [...podFields(spec), ...containers.flatMap(([path, container]) => containerFields(path, container))];
  const missing = [...podExtras(spec), ...containers.flatMap(([path, container]) => containerExtras(path, container))];
  return { refused: words(refused), missing: words(missing) };
}

function words(found: readonly Found[]): string[] {
  return found.filter(([, asked]) => asked).map(([path, , why]) => `${path}: ${why}`);
}

function listed(list: string, containers: readonly V1Container[]): readonly (readonly [string, V1Container])[] {
  return containers.map((container) => [`spec.${list}{${container.name}}`, container] as const);
}

function podFields(spec: V1PodSpec): readonly Found[] {
  const { securityContext: security = {} } = spec;
  return [
    ['spec.hostPID', spec.hostPID === true, 'sharing the host’s processes is not supported'],
    ['spec.hostIPC', spec.hostIPC === true, 'sharing the host’s IPC is not supported'],
    ['spec.hostUsers', spec.hostUsers === false, 'user namespaces are not supported'],
    ['spec.shareProcessNamespace', spec.shareProcessNamespace === true, 'containers that share their processes are not supported'],
    ['spec.runtimeClassName', !!spec.runtimeClassName, 'runtime classes are not supported'],
    ['spec.resourceClaims', !!spec.resourceClaims?.length, 'resource claims are not supported'],
    ['spec.resources', spec.resources !== undefined, 'limits of a Pod as a whole are not supported: set them for each container'],
    ['spec.setHostnameAsFQDN', spec.setHostnameAsFQDN === true, 'is not supported'],
    ['spec.hostnameOverride', spec.hostnameOverride !== undefined, 'is not supported: use spec.hostname'],
    ['spec.os.name', spec.os !== undefined && spec.os.name !== 'linux', 'this node runs linux'],
    ['spec.securityContext.sysctls', !!security.sysctls?.length, 'are not supported'],
    ['spec.securityContext.seLinuxOptions', security.seLinuxOptions !== undefined, 'SELinux is not supported'],
    ['spec.securityContext.windowsOptions', security.windowsOptions !== undefined, 'this node runs linux'],
    ['spec.securityContext.appArmorProfile', refusesAppArmor(security.appArmorProfile?.type), 'AppArmor is not supported'],
    ['spec.securityContext.seccompProfile', security.seccompProfile?.type === 'Localhost', 'profiles of the node (Localhost) are not supported'],
    ['spec.securityContext.supplementalGroupsPolicy', security.supplementalGroupsPolicy === 'Strict', 'Strict is not supported'],
  ];
}

function containerFields(path: string, container: V1Container): readonly Found[] {
  const { securityContext: security = {}, lifecycle = {} } = container;
  const mounts = container.volumeMounts ?? [];
  return [
    [`${path}.volumeDevices`, !!container.volumeDevices?.length, 'block devices are not supported'],
    [`${path}.restartPolicyRules`, !!container.restartPolicyRules?.length, 'are not supported'],
    [`${path}.restartPolicy`, path.startsWith('spec.containers') && container.restartPolicy !== undefined, 'is supported for init containers only'],
    [`${path}.lifecycle.stopSignal`, lifecycle.stopSignal !== undefined, 'is not supported: set STOPSIGNAL in the image'],
    ...hookFields(`${path}.lifecycle.postStart`, lifecycle.postStart),
    ...hookFields(`${path}.lifecycle.preStop`, lifecycle.preStop),
    ...probeFields(`${path}.livenessProbe`, container.livenessProbe),
    ...probeFields(`${path}.readinessProbe`, container.readinessProbe),
    ...probeFields(`${path}.startupProbe`, container.startupProbe),
    [`${path}.securityContext.procMount`, (security.procMount ?? 'Default') !== 'Default', 'only Default is supported'],
    [`${path}.securityContext.seLinuxOptions`, security.seLinuxOptions !== undefined, 'SELinux is not supported'],
    [`${path}.securityContext.windowsOptions`, security.windowsOptions !== undefined, 'this node runs linux'],
    [`${path}.securityContext.appArmorProfile`, refusesAppArmor(security.appArmorProfile?.type), 'AppArmor is not supported'],
    [`${path}.securityContext.seccompProfile`, security.seccompProfile?.type === 'Localhost', 'profiles of the node (Localhost) are not supported'],
    ...mounts.map(
      (mount): Found => [`${path}.volumeMounts{${mount.name}}.mountPropagation`, (mount.mountPropagation ?? 'None') !== 'None', 'only None is supported'],
    ),
    ...mounts.map((mount): Found => [`${path}.volumeMounts{${mount.name}}.recursiveReadOnly`, mount.recursiveReadOnly === 'Enabled', 'is not supported']),
    ...(container.ports ?? []).map(
      (port): Found => [`${path}.ports{${port.containerPort}}.hostPort`, port.hostPort !== undefined && port.protocol === 'SCTP', 'SCTP is not published'],
    ),
    ...(container.env ?? []).map(
      (variable): Found => [`${path}.env{${variable.name}}.valueFrom.fileKeyRef`, variable.valueFrom?.fileKeyRef !== undefined, 'is not supported'],
    ),
  ];
}

function hookFields(path: string, hook: V1LifecycleHandler | undefined): readonly Found[] {
  return [[`${path}.tcpSocket`, hook?.tcpSocket !== undefined, 'is not supported: use exec, httpGet or sleep']];
}

function probeFields(path: string, probe: V1Probe | undefined): readonly Found[] {
  return [[`${path}.grpc`, probe?.grpc !== undefined, 'is not supported: use exec, httpGet or tcpSocket']];
}

function refusesAppArmor(type: string | undefined): boolean {
  return type !== undefined && type !== 'Unconfined';
}

function podExtras(spec: V1PodSpec): readonly Found[] {
  const volumes = spec.volumes ?? [];
  return [
    ['spec.imagePullSecrets', !!spec.imagePullSecrets?.length, 'are not read: images are pulled with the credentials of the node'],
    ...volumes.map(({ name, emptyDir }): Found => [`spec.volumes{${name}}.emptyDir.sizeLimit`, emptyDir?.sizeLimit !== undefined, 'is not enforced']),
  ];
}

function containerExtras(path: string, { resources, stdinOnce }: V1Container): readonly Found[] {
  const names = Object.keys({ ...resources?.limits, ...resources?.requests });
  const foreign = names.filter((name) => name !== 'cpu' && name !== 'memory');
  return [
    [`${path}.stdinOnce`, stdinOnce === true, 'standard input stays open'],
    ...foreign.map((name): Found => [`${path}.resources{${name}}`, true, 'is not enforced']),
  ];
}

/** What of a container that was added to look into a Pod is not carried out. Pure. */
export function missingOfAdded(added: V1EphemeralContainer): readonly string[] {
  const path = `spec.ephemeralContainers{${added.name}}`;
  const target: Found = [`${path}.targetContainerName`, !!added.targetContainerName, 'the processes of another container are not shown'];
  return words([target, ...containerFields(path, added), ...containerExtras(path, added)]);
}
