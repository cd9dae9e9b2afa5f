import type { Digest, HealthConfig } from '#image';
import type { Container, ContainerId, ContainerSpec, ContainerState, Endpoint, ExitState, HealthState } from './types.ts';

/** The stored state: as `ContainerState`, and what tells a reused process id apart. */
export type StoredState =
  | Exclude<ContainerState, { status: 'running' } | { status: 'paused' }>
  | { readonly status: 'running' | 'paused'; readonly pid: number; readonly startTime: string; readonly startedAt_ms: number };
export type LiveState = Extract<StoredState, { status: 'running' | 'paused' }>;

/** An endpoint, and which link in the namespace it is. */
export interface StoredEndpoint extends Endpoint {
  readonly interfaceName: string;
}

/** What is on disk for one container (dataDir/containers/ID/container.json). */
export interface ContainerRecord {
  readonly id: ContainerId;
  readonly name: string;
  readonly spec: ContainerSpec;
  readonly imageId: Digest;
  readonly created_ms: number;
  readonly state: StoredState;
  readonly process: Container['process'];
  readonly mounts: Container['mounts'];
  readonly warnings: readonly string[];
  readonly hostname: string;
  readonly stopSignal: string;
  readonly healthcheck?: HealthConfig;
  readonly shell?: readonly string[];
  /** Image and user together: `80/tcp`. */
  readonly exposed: readonly string[];
  readonly restartCount: number;
  /** Somebody stopped it: no policy starts it again until it is started by hand. */
  readonly stopRequested: boolean;
  readonly endpoints: Readonly<Record<string, StoredEndpoint>>;
  readonly ports: Container['ports'];
}

export const isLive = (state: StoredState): state is LiveState => state.status === 'running' || state.status === 'paused';

/** A started container: what earlier runs left is forgotten. */
export function started(record: ContainerRecord, run: { pid: number; startTime: string; startedAt_ms: number }): ContainerRecord {
  return { ...record, state: { status: 'running', ...run } };
}

/** The process has ended: what belonged to the run is released. `restarting` when a policy starts it again. */
export function ended(record: ContainerRecord, exit: ExitState, restarts: boolean): ContainerRecord {
  return { ...record, state: { status: restarts ? 'restarting' : 'exited', exit }, endpoints: {}, ports: [] };
}

export function paused(record: ContainerRecord, is: boolean): ContainerRecord {
  if (!isLive(record.state)) return record;
  return { ...record, state: { ...record.state, status: is ? 'paused' : 'running' } };
}

/** How the latest run ended, if one did. */
export function lastExit(record: ContainerRecord): ExitState | undefined {
  return record.state.status === 'exited' || record.state.status === 'restarting' ? record.state.exit : undefined;
}

/** Where a container's files are. */
export interface ContainerPaths {
  readonly folder: string;
  readonly record: string;
  readonly log: string;
  readonly hostname: string;
  readonly hosts: string;
  readonly resolvConf: string;
  /** OCI bundle, conmon's control files and the pid files; gone when the run is over. */
  readonly bundle: string;
  readonly exitFile: string;
  readonly snapshot: string;
  /** Mounts that are held for a run; never removed but when empty. */
  readonly held: string;
  readonly cgroup: string;
}

/** What the interface shows of it. */
export function viewOf(record: ContainerRecord, paths: ContainerPaths, health: HealthState | undefined, namespace: string | undefined): Container {
  const { network } = record.spec;
  const own = network.kind === 'networks' || network.kind === 'none' || network.kind === 'host';
  const given = network.kind === 'namespace' ? network : undefined;
  const resolvConf = own ? paths.resolvConf : given?.resolvConf;
  const hosts = own ? paths.hosts : given?.hosts;
  return {
    id: record.id,
    name: record.name,
    spec: record.spec,
    imageId: record.imageId,
    created_ms: record.created_ms,
    state: shownState(record.state),
    ...(health === undefined ? {} : { health }),
    restartCount: record.restartCount,
    stopRequested: record.stopRequested,
    process: record.process,
    ...(record.shell === undefined ? {} : { shell: record.shell }),
    endpoints: record.endpoints,
    ports: record.ports,
    mounts: record.mounts,
    hostname: record.hostname,
    logPath: record.spec.log?.driver === 'none' ? '' : paths.log,
    ...(namespace === undefined ? {} : { networkNamespace: namespace }),
    hostnamePath: paths.hostname,
    ...(hosts === undefined ? {} : { hostsPath: hosts }),
    ...(resolvConf === undefined ? {} : { resolvConfPath: resolvConf }),
    warnings: record.warnings,
  };
}

function shownState(state: StoredState): ContainerState {
  return isLive(state) ? { status: state.status, pid: state.pid, startedAt_ms: state.startedAt_ms } : state;
}
