import type { ContainerSpec } from '#engine';
import { ownArchitecture } from '../platform.ts';
import { whenAborted } from '../when-aborted.ts';
import type { RunRequest } from './run-request.ts';

/** Marks the container of a shell, which is a container as any other: nobody needs it once its build is over. */
export const SHELL_LABEL = 'gantry.build.failed-step';

/**
 * Keeps the files of a failed step for a shell, when the request asks for it: as an image without a name, and in a container with all that the
 * step was given, which the client starts. The step's mounts stay until that container is gone.
 */
export async function keepFailed(request: RunRequest, spec: ContainerSpec, { container, failure }: { container: string; failure: string }): Promise<void> {
  const { session, operation, layers } = request;
  const { keepFailed: wanted } = session.request;
  if (wanted === undefined) return;
  const { engine, images, clock } = session.options;
  const written = await engine.containers.commitLayer(container);
  const created = new Date(clock.now()).toISOString();
  const all = [...layers, written];
  const image = await images.create({
    config: {
      created,
      architecture: ownArchitecture(),
      os: 'linux',
      config: { Env: operation.environment, WorkingDir: operation.workingDirectory, User: operation.user, Cmd: operation.words },
      rootfs: { type: 'layers', diff_ids: all.map(({ diffId }) => diffId) },
      history: all.map(() => ({ created, created_by: 'a failed build step' })),
    },
    layers: all,
  });
  const shell = await engine.containers.create({
    ...spec,
    owner: { kind: 'docker' },
    labels: { [SHELL_LABEL]: session.id },
    layers: all,
    entrypoint: ['/bin/sh'],
    command: [],
    terminal: wanted === 'terminal',
    openStdin: true,
    stdinOnce: true,
    attached: { stdin: true, stdout: true, stderr: true },
    autoRemove: true,
  });
  const gone = engine.containers.wait(shell.id, 'removed');
  // Whatever ends first, a rejection of the other must not be lost as unhandled.
  gone.catch(() => undefined);
  try {
    await session.output({ aux: { FailedStep: { Image: image.id, Container: shell.id, Message: failure } } });
    await Promise.race([gone, whenAborted(session.signal)]);
  } finally {
    const isThere = engine.containers.list(({ id }) => id === shell.id).length > 0;
    if (isThere) await engine.containers.remove(shell.id, { force: true, volumes: true });
    // Nobody is there who would take it away.
    if (session.signal.aborted) await images.remove(image.id, { force: false });
  }
}
