import { GantryError } from '#kit';

/** 500: what a container needs can't be made out of the Pod and the objects it names. Its code is the reason that the status shows. */
export class ContainerConfigError extends GantryError {
  constructor(message: string, cause?: unknown) {
    super('CreateContainerConfigError', 500, message, cause === undefined ? undefined : { cause });
  }
}

/** 500: a volume can't be made ready. */
export class VolumeError extends GantryError {
  constructor(volume: string, why: string, cause?: unknown) {
    super('FailedMount', 500, `MountVolume.SetUp failed for volume "${volume}" : ${why}`, cause === undefined ? undefined : { cause });
  }
}

/** 500: a lifecycle hook did not end well. */
export class HookError extends GantryError {
  constructor(hook: 'PostStart' | 'PreStop', container: string, why: string, cause?: unknown) {
    super(`Failed${hook}Hook`, 500, `${hook}Hook failed for container ${container}: ${why}`, cause === undefined ? undefined : { cause });
  }
}

/** 404: the Pod or its container is not on this node, or not in the state that was asked for. */
export function podUnknown(namespace: string, name: string, node: string): GantryError {
  return new GantryError('POD_UNKNOWN', 404, `pod "${namespace}/${name}" is not on node ${node}: it may have just ended or moved; look at it again`);
}
/** 400: there is nothing to read from, or to run a command in, yet. */
export function containerWaiting(container: string, pod: string, reason: string): GantryError {
  return new GantryError('CONTAINER_WAITING', 400, `container "${container}" in pod "${pod}" is waiting to start: ${reason}`);
}
/** 400: no earlier run is kept. */
export function noPreviousRun(container: string, pod: string): GantryError {
  return new GantryError('NO_PREVIOUS_RUN', 400, `previous terminated container "${container}" in pod "${pod}" not found`);
}
/** 400: commands run only in running containers. */
export function containerNotRunning(container: string, pod: string): GantryError {
  return new GantryError(
    'CONTAINER_NOT_RUNNING',
    400,
    `container "${container}" in pod "${pod}" is not running: a command can be run in it only while it runs`,
  );
}
