import type { V1VolumeDevice, V1VolumeMount } from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import type { AnyContainer, ContainerPlace } from './context.ts';
import { checkDescending } from './formats.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];

/** Where a container has its volumes. */
export function checkMounts(errors: FieldErrors, path: string, container: AnyContainer, { volumes }: ContainerPlace): void {
  const { volumeMounts = [], volumeDevices = [] } = container;
  const taken = new Set<string>();
  for (const [index, mount] of volumeMounts.entries()) {
    const here = `${path}[${index}]`;
    const { name, mountPath } = mount;
    if (!name) errors.required(`${here}.name`);
    if (!volumes.has(name)) errors.notFound(`${here}.name`, name ?? '');
    if (!mountPath) errors.required(`${here}.mountPath`);
    if (taken.has(mountPath)) errors.invalid(`${here}.mountPath`, mountPath, 'must be unique');
    taken.add(mountPath);
    if (volumeDevices.some((device) => device.name === name)) errors.invalid(`${here}.name`, name, 'must not already exist in volumeDevices');
    if (volumeDevices.some(({ devicePath }) => devicePath === mountPath))
      errors.invalid(`${here}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices');
    checkSubPath(errors, path, here, mount);
    checkPropagation(errors, path, mount, container);
  }
}

/** The paths of these are of the list, not of the entry: so Kubernetes says it. */
function checkSubPath(errors: FieldErrors, path: string, here: string, { subPath, subPathExpr }: V1VolumeMount): void {
  if (subPath) checkDescending(errors, `${path}.subPath`, subPath);
  if (!subPathExpr) return;
  if (subPath) errors.invalid(`${here}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive');
  checkDescending(errors, `${path}.subPathExpr`, subPathExpr);
}

function checkPropagation(errors: FieldErrors, path: string, mount: V1VolumeMount, container: AnyContainer): void {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount;
  if (mountPropagation !== undefined) {
    if (!PROPAGATIONS.includes(mountPropagation)) errors.notSupported(`${path}.mountPropagation`, mountPropagation, PROPAGATIONS);
    if (mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true)
      errors.forbidden(`${path}.mountPropagation`, 'Bidirectional mount propagation is available only to privileged containers');
  }
  const field = `${path}.recursiveReadOnly`;
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return;
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') {
    errors.notSupported(field, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']);
    return;
  }
  if (!readOnly) errors.forbidden(field, 'may only be specified when readOnly is true');
  if (mountPropagation !== undefined && mountPropagation !== 'None')
    errors.forbidden(field, 'may only be specified when mountPropagation is None or not specified');
}

/** Claims that a container has as devices. */
export function checkDevices(errors: FieldErrors, path: string, container: AnyContainer, { volumes }: ContainerPlace): void {
  const names = new Set<string>();
  const paths = new Set<string>();
  for (const [index, device] of (container.volumeDevices ?? []).entries()) {
    const here = `${path}[${index}]`;
    checkDevice(errors, here, device, volumes);
    const { name, devicePath } = device;
    if (names.has(name)) errors.invalid(`${here}.name`, name, 'must be unique');
    if (paths.has(devicePath)) errors.invalid(`${here}.devicePath`, devicePath, 'must be unique');
    if (name) names.add(name);
    paths.add(devicePath);
    const mounts = container.volumeMounts ?? [];
    if (mounts.some((mount) => mount.name === name)) errors.invalid(`${here}.name`, name, 'must not already exist in volumeMounts');
    if (mounts.some(({ mountPath }) => mountPath === devicePath))
      errors.invalid(`${here}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
  }
}

function checkDevice(errors: FieldErrors, here: string, { name, devicePath }: V1VolumeDevice, volumes: ContainerPlace['volumes']): void {
  if (!name) errors.required(`${here}.name`);
  const volume = volumes.get(name);
  if (volume === undefined) errors.notFound(`${here}.name`, name ?? '');
  else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
    errors.invalid(`${here}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode');
  if (!devicePath) errors.required(`${here}.devicePath`);
  else if (devicePath.split('/').includes('..')) errors.invalid(`${here}.devicePath`, devicePath, "can not contain backsteps ('..')");
}
