import { familiarName } from '#image';
import type { Container, ContainerState, EngineNetwork } from '#engine';
import { endpointId, endpointView, networkModeText } from './endpoint-view.ts';
import { hostConfigView } from './host-config-view.ts';
import { bindOptions } from './mounts-view.ts';
import { shaped } from './shapes.ts';
import { goTime, humanDuration } from './times.ts';

/** Docker's word for the state: what never ran is `created`, whatever became of the attempts. */
export function stateWord(state: ContainerState): string {
  return neverRan(state) ? 'created' : state.status;
}

function neverRan(state: ContainerState): boolean {
  return state.status === 'exited' && state.exit.startedAt_ms === 0;
}

/** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`. */
export function statusText(container: Container, now_ms: number): string {
  const { state, health } = container;
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'running': {
      const note = health === undefined ? '' : health.status === 'starting' ? ' (health: starting)' : ` (${health.status})`;
      return `Up ${humanDuration(now_ms - state.startedAt_ms)}${note}`;
    }
    case 'paused':
      return `Up ${humanDuration(now_ms - state.startedAt_ms)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exit.exitCode}) ${humanDuration(now_ms - state.exit.finishedAt_ms)} ago`;
    case 'exited':
      return neverRan(state) ? 'Created' : `Exited (${state.exit.exitCode}) ${humanDuration(now_ms - state.exit.finishedAt_ms)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
  }
}

/** The name of the container's image as it is shown: the user's own word, or the id where the name has moved on. */
export function imageName(container: Container): string {
  return familiarName(container.spec.image);
}

type NetworkOf = (name: string) => EngineNetwork | undefined;

export interface ViewContext {
  readonly network: NetworkOf;
  /** Of the client's API version. */
  readonly minor: number;
  readonly sizes?: { readonly writable: number; readonly total: number };
}

/** An entry of `GET /containers/json`. */
export function containerSummary(container: Container, now_ms: number, context: ViewContext): object {
  const { spec } = container;
  const { sizes } = context;
  const value = {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: imageName(container),
    ImageID: container.imageId,
    Command: [container.process.path, ...container.process.args.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' '),
    Created: Math.floor(container.created_ms / 1000),
    Ports: portsView(container),
    ...(sizes === undefined ? {} : { SizeRw: sizes.writable, SizeRootFs: sizes.total }),
    Labels: labelsOf(container),
    State: stateWord(container.state),
    Status: statusText(container, now_ms),
    HostConfig: { NetworkMode: networkModeText(container), ...(spec.annotations === undefined ? {} : { Annotations: spec.annotations }) },
    NetworkSettings: { Networks: networksView(container, context) },
    Mounts: mountsView(container),
  };
  return shaped('summary', value, context.minor);
}

/** `GET /containers/{id}/json`. */
export function containerInspect(
  container: Container,
  context: ViewContext & {
    readonly labels: Readonly<Record<string, string>>;
    readonly image: ImageWords;
    readonly execs: readonly string[];
  },
): object {
  const { spec } = container;
  const value = {
    Id: container.id,
    Created: goTime(container.created_ms),
    Path: container.process.path,
    Args: container.process.args,
    State: stateView(container),
    Image: container.imageId,
    ResolvConfPath: container.resolvConfPath ?? '',
    HostnamePath: container.hostnamePath ?? '',
    HostsPath: container.hostsPath ?? '',
    LogPath: container.logPath,
    Name: `/${container.name}`,
    RestartCount: container.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: context.execs.length === 0 ? null : context.execs,
    HostConfig: hostConfigView(container),
    GraphDriver: { Name: 'overlay2', Data: {} },
    ...(context.sizes === undefined ? {} : { SizeRw: context.sizes.writable, SizeRootFs: context.sizes.total }),
    Mounts: mountsView(container),
    Config: {
      Hostname: spec.hostname ?? container.hostname ?? container.id.slice(0, 12),
      Domainname: spec.domainName ?? '',
      User: container.process.user,
      AttachStdin: spec.attached?.stdin ?? false,
      AttachStdout: spec.attached?.stdout ?? false,
      AttachStderr: spec.attached?.stderr ?? false,
      ExposedPorts: Object.fromEntries(container.ports.map((port) => [`${port.containerPort}/${port.protocol}`, {}])),
      Tty: spec.terminal ?? false,
      OpenStdin: spec.openStdin ?? false,
      StdinOnce: spec.stdinOnce ?? false,
      Env: container.process.environment,
      Cmd: spec.command ?? (spec.entrypoint === undefined ? context.image.command : null) ?? null,
      ...((spec.healthcheck ?? context.image.healthcheck) ? { Healthcheck: spec.healthcheck ?? context.image.healthcheck } : {}),
      Image: imageName(container),
      Volumes: volumesView(container),
      WorkingDir: container.process.workingDirectory,
      Entrypoint: (spec.entrypoint ?? context.image.entrypoint ?? []).length === 0 ? null : (spec.entrypoint ?? context.image.entrypoint),
      OnBuild: null,
      ...(container.shell === undefined ? {} : { Shell: container.shell }),
      Labels: context.labels,
      ...((spec.stopSignal ?? context.image.stopSignal) ? { StopSignal: spec.stopSignal ?? context.image.stopSignal } : {}),
      ...(spec.stopTimeout_seconds === undefined ? {} : { StopTimeout: spec.stopTimeout_seconds }),
    },
    NetworkSettings: networkSettingsView(container, context),
  };
  return shaped('container', value, context.minor);
}

/** What an inspection shows of the image's own configuration; all absent when the image has gone. */
export interface ImageWords {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly healthcheck?: object;
  readonly stopSignal?: string;
}

function stateView(container: Container): object {
  const { state } = container;
  const live = state.status === 'running' || state.status === 'paused' ? state : undefined;
  const exit = state.status === 'exited' || state.status === 'restarting' ? state.exit : undefined;
  const started_ms = live?.startedAt_ms ?? (exit?.startedAt_ms || undefined);
  return {
    Status: stateWord(state),
    Running: live !== undefined || state.status === 'restarting',
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: exit?.oomKilled ?? false,
    Dead: state.status === 'dead',
    Pid: live?.pid ?? 0,
    ExitCode: exit?.exitCode ?? 0,
    Error: exit?.error ?? (state.status === 'dead' ? state.reason : ''),
    StartedAt: goTime(started_ms),
    FinishedAt: goTime(neverRan(state) ? undefined : exit?.finishedAt_ms),
    ...(container.health === undefined ? {} : { Health: healthView(container.health) }),
  };
}

function healthView(health: NonNullable<Container['health']>): object {
  return {
    Status: health.status,
    FailingStreak: health.failingStreak,
    Log: health.log.map((entry) => ({ Start: goTime(entry.start_ms), End: goTime(entry.end_ms), ExitCode: entry.exitCode, Output: entry.output })),
  };
}

function labelsOf(container: Container): Readonly<Record<string, string>> {
  return container.spec.labels ?? {};
}

function mountsView(container: Container): readonly object[] {
  return container.mounts.map((mount) => ({
    Type: mount.type,
    ...(mount.name === undefined ? {} : { Name: mount.name, Driver: 'local' }),
    Source: mount.source,
    Destination: mount.target,
    Mode: bindOptions(container.spec.mounts?.find(({ target }) => target === mount.target)),
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  }));
}

function volumesView(container: Container): object | null {
  const anonymous = (container.spec.mounts ?? []).filter((mount) => mount.type === 'volume' && mount.source === undefined);
  return anonymous.length === 0 ? null : Object.fromEntries(anonymous.map((mount) => [mount.target, {}]));
}

/** What it is joined to, and what it will be joined to once it runs. */
function networksView(container: Container, { network, minor }: ViewContext): Readonly<Record<string, object>> {
  const { spec } = container;
  if (spec.network.kind === 'none' || spec.network.kind === 'host')
    return { [spec.network.kind]: endpointView(container, undefined, network(spec.network.kind), minor) };
  const wanted = spec.network.kind === 'networks' ? Object.keys(spec.network.endpoints).map((ref) => network(ref)?.name ?? ref) : [];
  const names = new Set([...wanted, ...Object.keys(container.endpoints)]);
  return Object.fromEntries([...names].map((name) => [name, endpointView(container, container.endpoints[name], network(name), minor)]));
}

/** All of the machine's, in each family that leads to the container. */
function hostAddresses({ hostAddress = '0.0.0.0', ipv6 = false }: Container['ports'][number]): readonly string[] {
  return hostAddress === '0.0.0.0' && ipv6 ? ['0.0.0.0', '::'] : [hostAddress];
}

function portsView({ ports }: Container): readonly object[] {
  return ports.flatMap((port) => {
    const common = { PrivatePort: port.containerPort, Type: port.protocol };
    if (port.hostPort === undefined) return [common];
    return hostAddresses(port).map((address) => ({ IP: address, PrivatePort: port.containerPort, PublicPort: port.hostPort, Type: port.protocol }));
  });
}

function networkSettingsView(container: Container, context: ViewContext): object {
  const main = container.endpoints['bridge'];
  const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  const running = container.state.status === 'running' || container.state.status === 'paused';
  for (const port of running ? container.ports : []) {
    const key = `${port.containerPort}/${port.protocol}`;
    if (port.hostPort === undefined) ports[key] ??= null;
    else ports[key] = [...(ports[key] ?? []), ...hostAddresses(port).map((address) => ({ HostIp: address, HostPort: String(port.hostPort) }))];
  }
  return {
    Bridge: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    SandboxID: container.networkNamespace === undefined ? '' : container.id,
    SandboxKey: container.networkNamespace ?? '',
    Ports: ports,
    EndpointID: main === undefined ? '' : endpointId(container, main.networkId),
    Gateway: main?.gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: main?.address ?? '',
    IPPrefixLen: main?.prefixLength ?? 0,
    IPv6Gateway: '',
    MacAddress: main?.macAddress ?? '',
    Networks: networksView(container, context),
  };
}
