import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MountSpec } from '#engine';
import type { Layer } from '#image';
import { lstatMaybe, resolveInRoot } from '../copy/root-path.ts';
import { BuildStepError } from '../errors.ts';
import { isContext } from '../plan/graph.ts';
import type { FilesFrom, PlannedMount, RunOperation, VertexId } from '../plan/graph.ts';
import type { BuildSession } from '../session.ts';
import { withAgent } from './ssh-agent.ts';
import type { StepMounts } from './step-mounts.ts';

/** Where a step's mounts find files. */
export interface MountRoots {
  rootOf(from: FilesFrom): Promise<string>;
  /** The files in one word; undefined where only reading tells. */
  chainOf(from: FilesFrom): Promise<string | undefined>;
  layersOf(from: VertexId): Promise<readonly Layer[]>;
}

/** Hashes of what is mounted to be read, in the order of the mounts. Errors: `BUILD_STEP_FAILED`. */
export async function mountContents(session: BuildSession, operation: RunOperation, roots: MountRoots): Promise<readonly string[]> {
  const contents: string[] = [];
  for (const mount of operation.mounts) {
    if (mount.type !== 'bind') continue;
    const chain = await roots.chainOf(mount.from);
    if (chain !== undefined) contents.push(`${chain} ${mount.source}`);
    else contents.push(await session.hash([{ path: await placeOf(mount, roots), name: '' }], false));
  }
  return contents;
}

/** Prepares the mounts and gives them to `use`; caches are held as long as it runs. Errors: `BUILD_STEP_FAILED`. */
export async function withMounts<T>(session: BuildSession, operation: RunOperation, roots: MountRoots, use: (given: StepMounts) => Promise<T>): Promise<T> {
  const next = async (index: number, given: StepMounts): Promise<T> => {
    const mount = operation.mounts[index];
    if (mount === undefined) return await use(given);
    if (mount.type === 'cache')
      return await withCache(session, mount, roots, async (more) => await next(index + 1, { ...given, mounts: [...given.mounts, more] }));
    if (mount.type === 'ssh')
      return await withAgent(session, mount, async (more) =>
        next(index + 1, { mounts: [...given.mounts, ...more.mounts], environment: [...given.environment, ...more.environment] }),
      );
    const more = await prepare(session, mount, roots);
    return await next(index + 1, { mounts: [...given.mounts, ...more.mounts], environment: [...given.environment, ...more.environment] });
  };
  return await next(0, { mounts: [], environment: [] });
}

async function prepare(session: BuildSession, mount: Exclude<PlannedMount, { type: 'cache' | 'ssh' }>, roots: MountRoots): Promise<StepMounts> {
  switch (mount.type) {
    case 'bind':
      return { mounts: [{ type: 'bind', target: mount.target, ...(await bindSource(session, mount, roots)) }], environment: [] };
    case 'tmpfs': {
      const options = ['exec', ...(mount.readOnly ? ['ro'] : []), ...(mount.size_bytes === undefined ? [] : [`size=${mount.size_bytes}`])].join(',');
      return { mounts: [{ type: 'tmpfs', target: mount.target, options }], environment: [] };
    }
    case 'secret':
      return await prepareSecret(session, mount);
    case 'script': {
      const path = join(await session.newFolder(), 'script');
      await writeFile(path, mount.content, { mode: 0o755 });
      return { mounts: [{ type: 'bind', source: path, target: mount.target, readOnly: true }], environment: [] };
    }
  }
}

/** What is written to a bind mount is thrown away: it goes to a copy, or to a layer of its own. */
async function bindSource(
  session: BuildSession,
  mount: Extract<PlannedMount, { type: 'bind' }>,
  roots: MountRoots,
): Promise<{ source: string; readOnly: boolean }> {
  if (!mount.readWrite) return { source: await placeOf(mount, roots), readOnly: true };
  if (!isContext(mount.from) && (await roots.chainOf(mount.from)) !== undefined) {
    const root = await session.openSnapshot(await roots.layersOf(mount.from));
    return { source: await placeBelow(root, mount.source), readOnly: false };
  }
  const [place, copy] = [await placeOf(mount, roots), await session.newFolder()];
  const isFolder = (await lstatMaybe(place))?.isDirectory() === true;
  await session.options.images.trees.copy(copy, [{ path: place, folder: '/', ...(isFolder ? {} : { name: 'file' }) }]);
  return { source: isFolder ? copy : join(copy, 'file'), readOnly: false };
}

async function placeOf(mount: { readonly from: FilesFrom; readonly source: string }, roots: MountRoots): Promise<string> {
  return await placeBelow(await roots.rootOf(mount.from), mount.source);
}

async function placeBelow(root: string, source: string): Promise<string> {
  const path = await resolveInRoot(root, source);
  if (!(await lstatMaybe(path))) throw new BuildStepError(`Cannot mount ${source}: there is no such file or folder where it is to come from`);
  return path;
}

async function prepareSecret(session: BuildSession, mount: Extract<PlannedMount, { type: 'secret' }>): Promise<StepMounts> {
  const content = session.request.secrets?.get(mount.id);
  if (content === undefined) {
    if (mount.required)
      throw new BuildStepError(
        `Cannot mount the secret ${mount.id}: the request has none of that name; give it with gantry build --secret id=${mount.id},src=FILE`,
      );
    return { mounts: [], environment: mount.variable === undefined ? [] : [`${mount.variable}=`] };
  }
  const environment = mount.variable === undefined ? [] : [`${mount.variable}=${Buffer.from(content).toString('utf8')}`];
  if (mount.target === undefined) return { mounts: [], environment };
  const path = join(await session.newFolder(), 'secret');
  await writeFile(path, content, { mode: mount.mode });
  await chown(path, mount.uid, mount.gid);
  return { mounts: [{ type: 'bind', source: path, target: mount.target, readOnly: true }], environment };
}

async function withCache<T>(
  session: BuildSession,
  mount: Extract<PlannedMount, { type: 'cache' }>,
  roots: MountRoots,
  use: (given: MountSpec) => Promise<T>,
): Promise<T> {
  const { id, from, sharing, mode, uid, gid, target, readOnly } = mount;
  const origin = from === undefined ? '' : `${(await roots.chainOf(from)) ?? from} ${mount.source}`;
  const seed = async (folder: string) => {
    if (from === undefined) return;
    const path = await placeOf({ from, source: mount.source }, roots);
    await mkdir(folder, { recursive: true });
    await session.options.images.trees.copy(folder, [{ path, folder: '/' }]);
  };
  return await session.rooms.mounts.with({ id, sharing, mode, uid, gid, origin, seed }, (source) => use({ type: 'bind', source, target, readOnly }));
}
