import type { V1Container } from '#cluster/api';
import { GantryError, messageOf } from '#kit';
import { containerSpec } from '../process/container-spec.ts';
import { visibleServices } from '../process/environment.ts';
import { hostnameOf } from '../process/host-files.ts';
import type { RuntimeContainerSpec } from '../types.ts';
import { mountsOf } from '../volumes/volumes.ts';
import { runHook } from './hooks.ts';
import { factsOf, type PodContext, type Sandbox, tell } from './pod-context.ts';
import { pullImage } from './pull-image.ts';

export interface Start {
  readonly container: V1Container;
  readonly attempt: number;
  readonly sandbox: Sandbox;
  /** Gives up waiting for the image and the hook. */
  readonly signal: AbortSignal;
}

/**
 * Brings one run of a container to life: image, container, process, hook. Errors: a `GantryError` whose code is the reason
 * that the status shows (`ErrImagePull`, `CreateContainerConfigError`, `CreateContainerError`, `RunContainerError`, `FailedPostStartHook`).
 */
export async function startContainer(context: PodContext, start: Start): Promise<void> {
  const { container } = start;
  const { runtime } = context.agent;
  const image = await pullImage(context, container, start.signal);
  start.signal.throwIfAborted();
  const spec = await named(context, container, 'CreateContainerConfigError', () => specOf(context, start, image.user ?? ''));
  const id = await named(context, container, 'CreateContainerError', async () => {
    await removeUnstarted(context, start);
    return await runtime.createContainer(spec);
  });
  tell(context, 'Normal', 'Created', `Created container: ${container.name}`, container);
  await named(context, container, 'RunContainerError', () => runtime.startContainer(id));
  tell(context, 'Normal', 'Started', `Started container ${container.name}`, container);
  await afterStart(context, start, id);
}

async function specOf(context: PodContext, { container, attempt, sandbox }: Start, imageUser: string): Promise<RuntimeContainerSpec> {
  const { pod, agent } = context;
  const volumes = pod.spec?.volumes ?? [];
  const { files } = agent.machine;
  const lastWords = await files.makeLastWords(context.uid, container.name, attempt);
  return await containerSpec(container, {
    facts: factsOf(context, sandbox.address),
    services: visibleServices(context.services(), pod.metadata.namespace ?? '', pod.spec?.enableServiceLinks !== false),
    sources: context.sources,
    imageUser,
    attempt,
    hostname: hostnameOf(pod, agent.nodeName),
    ...(sandbox.namespacePath === undefined ? {} : { networkNamespace: sandbox.namespacePath }),
    files: sandbox.files,
    async mountsOf(variables) {
      const mounts = await mountsOf(container, { files, volumes, paths: sandbox.volumes, variables });
      return [...mounts, { source: lastWords, target: container.terminationMessagePath || '/dev/termination-log', readOnly: false }];
    },
  });
}

/** What a crash left between create and start. */
async function removeUnstarted({ agent, uid }: PodContext, { container, attempt }: Start): Promise<void> {
  const all = await agent.runtime.listContainers();
  const left = all.filter((run) => run.podUid === uid && run.container === container.name && run.attempt === attempt && run.state.status === 'created');
  await Promise.all(left.map(({ id }) => agent.runtime.removeContainer(id)));
}

async function afterStart(context: PodContext, { container, sandbox, signal }: Start, id: string): Promise<void> {
  try {
    await runHook(context, container, 'PostStart', id, sandbox.address, signal);
  } catch (error) {
    if (signal.aborted) return;
    tell(context, 'Warning', 'FailedPostStartHook', messageOf(error), container);
    tell(context, 'Normal', 'Killing', `FailedPostStartHook`, container);
    await context.agent.runtime.stopContainer(id, context.pod.spec?.terminationGracePeriodSeconds ?? 30);
  }
}

async function named<T>(context: PodContext, container: V1Container, reason: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    tell(context, 'Warning', 'Failed', `Error: ${messageOf(error)}`, container);
    throw new GantryError(reason, 500, messageOf(error), { cause: error });
  }
}
