import { GantryError } from '#kit';

/** The engine's errors. Codes are stable; the words say action, value, state and what to do. */
export class EngineError extends GantryError {}

export const containerUnknown = (ref: string) => new EngineError('CONTAINER_UNKNOWN', 404, `No such container: ${ref}`);
export const containerAmbiguous = (ref: string, count: number) =>
  new EngineError('CONTAINER_AMBIGUOUS', 400, `Cannot tell which container "${ref}" is: ${count} ids begin so; give more characters`);
export const nameInUse = (name: string, id: string) =>
  new EngineError(
    'CONTAINER_NAME_IN_USE',
    409,
    `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
export const nameInvalid = (name: string) =>
  new EngineError('CONTAINER_NAME_INVALID', 400, `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
export const notRunning = (id: string) => new EngineError('CONTAINER_NOT_RUNNING', 409, `container ${id} is not running`);
export const linkDown = (other: string, name: string, alias: string) =>
  new EngineError('LINK_DOWN', 409, `Cannot link to a non running container: /${other} AS /${name}/${alias}`);
/** Docker's own words; clients know them. */
export const logsUnreadable = () => new EngineError('LOGS_UNREADABLE', 501, 'configured logging driver does not support reading');
export const notPaused = (id: string) => new EngineError('CONTAINER_NOT_PAUSED', 409, `Container ${id} is not paused`);
export const alreadyPaused = (id: string) => new EngineError('CONTAINER_PAUSED', 409, `Container ${id} is paused, unpause it first`);
export const stillRunning = (name: string) =>
  new EngineError('CONTAINER_RUNNING', 409, `cannot remove container "${name}": container is running: stop the container before removing or force remove`);
export const beingRemoved = (id: string) => new EngineError('CONTAINER_REMOVING', 409, `container ${id} is marked for removal and cannot be used`);
export const startFailed = (name: string, status: number, reason: string, exitCode: number) => new StartError(name, status, reason, exitCode);

/** A container that could not be started; `exitCode` is what a shell would say (127 not found, 126 not executable, 128 otherwise). */
export class StartError extends EngineError {
  readonly exitCode: number;
  constructor(name: string, status: number, reason: string, exitCode: number) {
    super('CONTAINER_START_FAILED', status, `Cannot start container ${name}: ${reason}`);
    this.exitCode = exitCode;
  }
}

export const invalid = (what: string, why: string) => new EngineError('ENGINE_INVALID', 400, `Invalid ${what}: ${why}`);
export const unsupported = (what: string, why: string) => new EngineError('ENGINE_UNSUPPORTED', 400, `${what} is not supported: ${why}`);
/** Docker's own words begin it; clients know them. */
export const runtimeUnknown = (name: string, known: readonly string[]) =>
  new EngineError(
    'RUNTIME_UNKNOWN',
    400,
    `unknown or invalid runtime name: ${name} (known here: ${known.join(', ')}; others are named in the daemon's configuration)`,
  );
export const runtimeFailed = (action: string, reason: string) => new EngineError('RUNTIME_FAILED', 500, `Cannot ${action}: ${reason}`);
export const stopTimedOut = (id: string, wait_ms: number) =>
  new EngineError('STOP_TIMED_OUT', 500, `Cannot stop container ${id}: its process is still there ${wait_ms} ms after SIGKILL`);

export const networkUnknown = (ref: string) => new EngineError('NETWORK_UNKNOWN', 404, `network ${ref} not found`);
export const networkNameInUse = (name: string) => new EngineError('NETWORK_NAME_IN_USE', 409, `network with name ${name} already exists`);
export const networkPredefined = (name: string) =>
  new EngineError('NETWORK_PREDEFINED', 403, `${name} is a pre-defined network and cannot be changed or removed`);
export const networkInUse = (name: string, names: readonly string[]) =>
  new EngineError('NETWORK_IN_USE', 403, `error while removing network: network ${name} has active endpoints (${names.join(', ')}): disconnect them first`);
export const subnetTaken = (subnet: string, by: string) =>
  new EngineError('SUBNET_TAKEN', 403, `Cannot use subnet ${subnet}: it overlaps ${by}; choose another one`);
export const bridgeInUse = (subnet: string, names: readonly string[]) =>
  new EngineError(
    'BRIDGE_IN_USE',
    409,
    `Cannot move the default network to ${subnet}: containers run on it with other addresses (${names.join(', ')}). Stop them first, with the network as it was, or end all with "gantry down"`,
  );
export const alreadyConnected = (container: string, network: string) =>
  new EngineError('ENDPOINT_EXISTS', 403, `endpoint with name ${container} already exists in network ${network}`);
export const notConnected = (container: string, network: string) =>
  new EngineError('ENDPOINT_UNKNOWN', 404, `container ${container} is not connected to network ${network}`);

export const networkConfigOnly = (name: string) =>
  new EngineError('NETWORK_CONFIG_ONLY', 403, `cannot join network ${name}: it is a configuration only network; make one with --config-from ${name}`);
export const networkConfigInUse = (name: string, by: string) =>
  new EngineError('NETWORK_IN_USE', 403, `configuration network ${name} is in use by network ${by}: remove that one first`);
export const parentTaken = (parent: string, by: string) =>
  new EngineError('PARENT_IN_USE', 403, `network ${by} is already using parent interface ${parent}, and one of mode passthru shares it with nobody`);
export const portsChanged = (name: string) =>
  new EngineError('PORTS_CHANGED', 409, `Cannot change the ports of ${name}: somebody else has changed them meanwhile; look at them and try again`);

export const volumeUnknown = (name: string) => new EngineError('VOLUME_UNKNOWN', 404, `get ${name}: no such volume`);
export const volumeNameInvalid = (name: string) =>
  new EngineError(
    'VOLUME_NAME_INVALID',
    400,
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed; for a host folder give an absolute path`,
  );
export const volumeDiffers = (name: string, options: Readonly<Record<string, string>>) =>
  new EngineError(
    'VOLUME_DIFFERS',
    409,
    `create ${name}: conflict: a volume of that name exists with other options (${JSON.stringify(options)}); remove it first, or choose another name`,
  );
export const volumeInUse = (name: string, ids: readonly string[]) =>
  new EngineError('VOLUME_IN_USE', 409, `remove ${name}: volume is in use - [${ids.join(', ')}]`);

export const execUnknown = (id: string) => new EngineError('EXEC_UNKNOWN', 404, `No such exec instance: ${id}`);
export const execStarted = (id: string) => new EngineError('EXEC_STARTED', 409, `exec ${id} was started already; create a new one`);

export const pathUnknown = (path: string, id: string) => new EngineError('PATH_UNKNOWN', 404, `Could not find the file ${path} in container ${id}`);
export const readOnly = (what: string) => new EngineError('READ_ONLY', 403, `${what} is marked read-only`);
export const recordBroken = (path: string, why: string) =>
  new EngineError('RECORD_BROKEN', 500, `Cannot read the record ${path}: ${why}; move its folder away to go on without it`);
