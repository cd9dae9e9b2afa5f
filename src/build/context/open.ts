import { join } from 'node:path';
import type { BuildSession } from '../session.ts';
import { applyIgnoreFile, extractContext, readDockerfile } from './receive.ts';

/** A context that is on the disk. */
export interface OpenedContext {
  readonly root: string;
  readonly dockerfile: string;
}

/** Takes the context in. Errors: `BUILD_CONTEXT_INVALID`. */
export async function openContext(session: BuildSession): Promise<OpenedContext> {
  const root = join(session.folder, 'context');
  await extractContext(session.request.context, root, session.signal);
  const dockerfile = await readDockerfile(root, session.request.dockerfile ?? 'Dockerfile');
  await applyIgnoreFile(root, session.request.dockerfile ?? 'Dockerfile');
  return { root, dockerfile };
}
