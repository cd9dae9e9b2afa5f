import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { contextInvalid } from '../errors.ts';
import type { NamedContext } from '../plan/named.ts';
import { removeFolder } from '../remove-folder.ts';
import type { BuilderRooms, BuildSession } from '../session.ts';
import { applyIgnoreFile, extractContext } from './receive.ts';

/** Named contexts as the planner knows them, and where those lie that were sent. */
export interface OpenedNamed {
  readonly contexts: ReadonlyMap<string, NamedContext>;
  readonly roots: ReadonlyMap<string, string>;
}

/** Takes a context in that a build will name by the answer: what its own `.dockerignore` names is left out. Errors: as of any context. */
export async function takeContext(rooms: BuilderRooms, folder: string, content: Readable, signal: AbortSignal): Promise<string> {
  const { clock, random, images } = rooms.options;
  const id = random.hex(32);
  const own = join(folder, id);
  const files = join(own, 'files');
  try {
    await mkdir(own, { recursive: true, mode: 0o700 });
    await extractContext(content, files, { clock, bounds: images.bounds, signal, reuse: async () => false });
    await applyIgnoreFile(files, ['.dockerignore']);
    await rooms.sent.put({ key: id, hashes: new Map() }, files);
  } finally {
    rooms.chores(removeFolder(own, { isLarge: true }));
  }
  return id;
}

/** Puts what the request names in the build's hands. Errors: `BUILD_CONTEXT_INVALID` where what was sent is not here any more. */
export async function openNamed(session: BuildSession): Promise<OpenedNamed> {
  const contexts = new Map<string, NamedContext>();
  const roots = new Map<string, string>();
  for (const [name, given] of session.request.namedContexts ?? []) {
    if (given.kind === 'image') contexts.set(name, given);
    else if (given.kind === 'git') contexts.set(name, { kind: 'files', files: { kind: 'git', url: given.url, keepGitFolder: false, checksum: undefined } });
    else {
      const root = join(session.folder, session.nextName());
      if (!(await session.rooms.sent.take(given.id, root))) throw contextInvalid(`The context "${name}" is not here, or not any more: send it again`);
      roots.set(name, root);
      contexts.set(name, { kind: 'files', files: `context:${name}` });
    }
  }
  return { contexts, roots };
}
