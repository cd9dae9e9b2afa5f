import type { ContainerRuntime, RuntimeContainer, RuntimeContainerSpec } from '#cluster/node';
import type { Container, ContainerSpec, Engine, MountSpec, NetworkMode, ResourceLimits, SecurityOptions } from '#engine';
import { type Image, type ImageStore, parseReference, type Reference, repositoryName } from '#image';
import { GantryError, messageOf, unreachable } from '#kit';

const CPU_PERIOD_US = 100_000;
const CHANGES = new Set(['start', 'die', 'destroy']);

/** The node agent's containers on the engine of this process: each is the Pod's, so Docker's side neither shows nor removes it. */
export function podRuntime(engine: Engine, images: ImageStore, version: string): ContainerRuntime {
  const { containers, execs } = engine;
  return {
    name: 'gantry',
    version,
    ensureImage: (reference, policy, signal, onPull) => ensureImage(images, { reference, policy, signal, ...(onPull ? { onPull } : {}) }),
    createContainer: async (spec) => (await containers.create(containerSpec(spec))).id,
    startContainer: (id) => containers.start(id),
    stopContainer: (id, gracePeriod_seconds) => containers.stop(id, { timeout_seconds: gracePeriod_seconds }),
    removeContainer: (id) => containers.remove(id, { force: true, volumes: true }),
    updateContainer: (id, amounts) => containers.update(id, { resources: resources(amounts) }),
    listContainers: async () => containers.list(isPods).flatMap(describe),
    onChange: (listener) =>
      engine.events.subscribe(({ type, action, owner }) => {
        if (type === 'container' && owner?.kind === 'pod' && CHANGES.has(action)) listener(owner.uid);
      }),
    exec: async (id, { command, stdin, terminal }) => execs.start(await execs.create(id, { command, stdin, terminal })),
    attach: (id, { stdin, terminal }) => containers.attach(id, { stdin, stdout: true, stderr: !terminal }),
    logs: (id, query) => containers.logs(id, query),
    stats: (id) => containers.stats(id),
  };
}

const isPods = ({ spec }: Container) => spec.owner.kind === 'pod';

interface Wanted {
  readonly reference: string;
  readonly policy: 'Always' | 'IfNotPresent' | 'Never';
  readonly signal: AbortSignal;
  readonly onPull?: () => void;
}

/** Errors: `InvalidImageName`, `ErrImageNeverPull`, `ErrImagePull`. */
async function ensureImage(images: ImageStore, { reference, policy, signal, onPull }: Wanted): Promise<{ readonly imageId: string; readonly user?: string }> {
  const parsed = parsedName(reference);
  const here = await resolveMaybe(images, reference);
  if (here && (policy !== 'Always' || isOnlyHere(here, parsed))) return described(here);
  if (policy === 'Never') throw new GantryError('ErrImageNeverPull', 404, `Container image "${reference}" is not present with pull policy of Never`);
  onPull?.();
  try {
    return described(await images.pull(parsed, { signal }));
  } catch (error) {
    throw new GantryError('ErrImagePull', 500, messageOf(error), { cause: error });
  }
}

/** What was built or imported here and never sent anywhere under that name: no registry could know better. */
function isOnlyHere({ digests }: Image, name: Reference): boolean {
  return !digests.some((digest) => digest.startsWith(`${repositoryName(name)}@`));
}

function parsedName(reference: string): Reference {
  try {
    return parseReference(reference);
  } catch (error) {
    throw new GantryError('InvalidImageName', 400, `Failed to apply default image tag "${reference}": ${messageOf(error)}`, { cause: error });
  }
}

async function resolveMaybe(images: ImageStore, reference: string): Promise<Image | undefined> {
  try {
    return await images.resolve(reference);
  } catch (error) {
    if (error instanceof GantryError && error.status === 404) return undefined;
    throw error;
  }
}

function described({ id, digests, config }: Image): { readonly imageId: string; readonly user?: string } {
  return { imageId: digests[0] ?? id, ...(config.config.User ? { user: config.config.User } : {}) };
}

/** What the engine is to make of a Pod's container. Pure. */
export function containerSpec(spec: RuntimeContainerSpec): ContainerSpec {
  const { pod, container, attempt, security } = spec;
  return {
    owner: { kind: 'pod', uid: pod.uid, namespace: pod.namespace, name: pod.name, container, attempt },
    name: `k8s_${container}_${pod.name}_${pod.namespace}_${pod.uid}_${attempt}`,
    image: spec.image,
    ...(spec.command === undefined ? {} : { entrypoint: spec.command }),
    ...(spec.args === undefined ? {} : { command: spec.args }),
    environment: spec.environment,
    ...(spec.workingDirectory === undefined ? {} : { workingDirectory: spec.workingDirectory }),
    hostname: spec.hostname,
    terminal: spec.terminal,
    openStdin: spec.stdin,
    // A Pod has probes of its own: the image's check is not asked.
    healthcheck: { Test: ['NONE'] },
    mounts: mounts(spec),
    network: networkMode(spec),
    resources: resources(spec),
    security: securityOptions(security),
    ...(security.user === undefined ? {} : { user: security.user }),
    ...(security.groups === undefined ? {} : { groups: security.groups.map(String) }),
    ...(security.readOnlyRoot === undefined ? {} : { readOnlyRoot: security.readOnlyRoot }),
  };
}

function networkMode({ networkNamespace, resolvConf, hosts }: RuntimeContainerSpec): NetworkMode {
  return networkNamespace === undefined ? { kind: 'host' } : { kind: 'namespace', path: networkNamespace, resolvConf, hosts };
}

/** In the host's network the engine would give the host's own files: the Pod's are mounted over them. */
function mounts(spec: RuntimeContainerSpec): readonly MountSpec[] {
  const own = spec.mounts.map((mount): MountSpec => ({ type: 'bind', ...mount }));
  if (spec.networkNamespace !== undefined) return own;
  const files = [
    { source: spec.hosts, target: '/etc/hosts' },
    { source: spec.resolvConf, target: '/etc/resolv.conf' },
  ].filter(({ target }) => !own.some((mount) => mount.target === target));
  return [...own, ...files.map((file): MountSpec => ({ type: 'bind', readOnly: false, ...file }))];
}

/** Pure. */
export function resources({ limits, requests }: Pick<RuntimeContainerSpec, 'limits' | 'requests'>): ResourceLimits {
  const asked = requests.cpu_millicores ?? limits.cpu_millicores;
  return {
    ...(limits.memory_bytes === undefined ? {} : { memory_bytes: limits.memory_bytes, memorySwap_bytes: limits.memory_bytes }),
    ...(limits.cpu_millicores === undefined
      ? {}
      : { cpuPeriod_us: CPU_PERIOD_US, cpuQuota_us: Math.max(1000, Math.ceil((limits.cpu_millicores * CPU_PERIOD_US) / 1000)) }),
    ...(asked === undefined ? {} : { cpuShares: Math.max(2, Math.floor((asked * 1024) / 1000)) }),
  };
}

function securityOptions(security: RuntimeContainerSpec['security']): SecurityOptions {
  return {
    ...(security.privileged === undefined ? {} : { privileged: security.privileged }),
    ...(security.capabilitiesAdd === undefined ? {} : { capabilitiesAdd: security.capabilitiesAdd }),
    ...(security.capabilitiesDrop === undefined ? {} : { capabilitiesDrop: security.capabilitiesDrop }),
    ...(security.noNewPrivileges === undefined ? {} : { noNewPrivileges: security.noNewPrivileges }),
    ...(security.seccomp === undefined ? {} : { seccomp: security.seccomp }),
  };
}

/** A container that is being removed is none any more. */
function describe({ id, spec, state, created_ms, imageId }: Container): readonly RuntimeContainer[] {
  const { owner } = spec;
  if (owner.kind !== 'pod') return [];
  const shown = stateOf(state);
  if (shown === undefined) return [];
  const { uid: podUid, namespace: podNamespace, name: podName, container, attempt } = owner;
  return [{ id, podUid, podNamespace, podName, container, attempt, image: spec.image, imageId, created_ms, state: shown }];
}

function stateOf(state: Container['state']): RuntimeContainer['state'] | undefined {
  switch (state.status) {
    case 'created':
      return { status: 'created' };
    case 'running':
    case 'paused':
      return { status: 'running', startedAt_ms: state.startedAt_ms };
    case 'exited':
    case 'restarting': {
      const { exitCode, oomKilled, startedAt_ms, finishedAt_ms, error } = state.exit;
      // A run that never began began and ended at once, for a Pod.
      return {
        status: 'exited',
        exitCode,
        oomKilled,
        startedAt_ms: startedAt_ms || finishedAt_ms,
        finishedAt_ms,
        ...(error === undefined ? {} : { message: error }),
      };
    }
    case 'dead':
      return { status: 'exited', exitCode: 128, oomKilled: false, startedAt_ms: 0, finishedAt_ms: 0, message: state.reason };
    case 'removing':
      return undefined;
    default:
      return unreachable(state);
  }
}
