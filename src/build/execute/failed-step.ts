import { ownArchitecture } from '../platform.ts';
import type { RunRequest } from './run-request.ts';

/** Keeps the files of a failed step as an image without a name, when the request asks for it, and says which. */
export async function keepFailed({ session, operation, layers }: RunRequest, container: string): Promise<void> {
  if (session.request.keepFailed !== true) return;
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
  await session.output({ aux: { FailedStep: image.id } });
}
