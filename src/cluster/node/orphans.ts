import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '#kit';
import type { AgentContext } from './types.ts';

const GRACE_SECONDS = 2;

/** Takes away what is left of Pods that the API has no longer: containers, networks, files. What fails is logged: the next start tries again. */
export async function removeOrphans(agent: AgentContext, known: ReadonlySet<string>): Promise<void> {
  const { runtime, network, dataDir, logger } = agent;
  const [containers, networks, folders] = await Promise.all([runtime.listContainers(), network.list(), foldersOf(join(dataDir, 'pods'))]);
  const uids = new Set([...containers.map(({ podUid }) => podUid), ...networks, ...folders].filter((uid) => !known.has(uid)));
  await Promise.all(
    [...uids].map(async (uid) => {
      try {
        const own = containers.filter(({ podUid }) => podUid === uid);
        await Promise.all(own.filter(({ state }) => state.status === 'running').map(({ id }) => runtime.stopContainer(id, GRACE_SECONDS)));
        await Promise.all(own.map(({ id }) => runtime.removeContainer(id)));
        await network.remove(uid);
        await rm(join(dataDir, 'pods', uid), { recursive: true, force: true });
      } catch (error) {
        logger.warn('Cannot take away all that is left of a Pod that is gone', { pod: uid, error });
      }
    }),
  );
}

async function foldersOf(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}
