import { randomBytes } from 'node:crypto';
import { type Acknowledged, pullWhole, pushImage } from '../support/registry-pushes.ts';

export interface Traffic {
  readonly base: string;
  readonly random: () => number;
  readonly pushers: number;
  readonly pushesEach: number;
  collect(): Promise<void>;
  /** Whether a push that failed so may be made again. */
  mayFail(error: unknown): boolean;
}
export interface TrafficSeen {
  /** Pushed and not deleted. */
  readonly acknowledged: readonly Acknowledged[];
  readonly pushed: number;
  readonly deleted: number;
  readonly pulled: number;
  readonly collections: number;
  readonly again: number;
}

const REPOSITORIES = ['team/one', 'team/two', 'three'];
const LAYER_BYTES = 40_000;

/** Pushers of layers that are shared and others that are not, a deleter, a puller and a collector, all at once. */
export async function runTraffic({ base, random, pushers, pushesEach, collect, mayFail }: Traffic): Promise<TrafficSeen> {
  const shared = Array.from({ length: 6 }, () => randomBytes(LAYER_BYTES));
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const acknowledged: Acknowledged[] = [];
  const seen = { pushed: 0, deleted: 0, pulled: 0, collections: 0, again: 0 };
  let pushing = pushers;
  const pusher = async (number: number) => {
    for (let turn = 0; turn < pushesEach; turn += 1) {
      const layers = [pick(shared), pick(shared), randomBytes(LAYER_BYTES)].filter((layer) => layer !== undefined);
      const repository = pick(REPOSITORIES) ?? '';
      for (;;) {
        try {
          acknowledged.push(await pushImage(base, repository, `t-${number}-${turn}`, layers));
          seen.pushed += 1;
          break;
        } catch (error) {
          if (!mayFail(error)) throw error;
          seen.again += 1;
        }
      }
    }
  };
  const whilePushing = async (task: () => Promise<void>) => {
    while (pushing > 0) await task();
  };
  const deleteOne = async () => {
    const [one] = acknowledged.length > 4 ? acknowledged.splice(Math.floor(random() * acknowledged.length), 1) : [];
    if (!one) return new Promise<void>((resolve) => setImmediate(resolve));
    try {
      const answer = await fetch(`${base}/v2/${one.repository}/manifests/${one.manifest}`, { method: 'DELETE' });
      await answer.arrayBuffer();
      seen.deleted += 1;
    } catch (error) {
      if (!mayFail(error)) throw error;
    }
  };
  const pullOne = async () => {
    const one = pick(acknowledged);
    if (!one) return new Promise<void>((resolve) => setImmediate(resolve));
    try {
      await pullWhole(base, one);
      seen.pulled += 1;
    } catch (error) {
      // Deleted meanwhile: then it need not be whole.
      if (acknowledged.includes(one) && !mayFail(error)) throw error;
    }
  };
  const collectOne = async () => {
    try {
      await collect();
      seen.collections += 1;
    } catch (error) {
      if (!mayFail(error)) throw error;
    }
  };
  const pushersDone = Array.from({ length: pushers }, (_, number) => pusher(number).finally(() => (pushing -= 1)));
  await Promise.all([...pushersDone, whilePushing(deleteOne), whilePushing(pullOne), whilePushing(collectOne)]);
  return { ...seen, acknowledged };
}
