import type { AgentContext } from './types.ts';

const GRACE_SECONDS = 2;

/** Takes away what is left of Pods that the API has no longer: containers, networks, files. What fails is logged: the next start tries again. */
export async function removeOrphans(agent: AgentContext, known: ReadonlySet<string>): Promise<void> {
  const { runtime, network, machine, logger } = agent;
  const [containers, networks, folders] = await Promise.all([runtime.listContainers(), network.list(), machine.files.pods()]);
  const uids = new Set([...containers.map(({ podUid }) => podUid), ...networks, ...folders].filter((uid) => !known.has(uid)));
  await Promise.all(
    [...uids].map(async (uid) => {
      try {
        const own = containers.filter(({ podUid }) => podUid === uid);
        await Promise.all(own.filter(({ state }) => state.status === 'running').map(({ id }) => runtime.stopContainer(id, GRACE_SECONDS)));
        await Promise.all(own.map(({ id }) => runtime.removeContainer(id)));
        await network.remove(uid);
        await machine.files.remove(uid);
      } catch (error) {
        logger.warn('Cannot take away all that is left of a Pod that is gone', { pod: uid, error });
      }
    }),
  );
}
