import { parseQuantity, podRequests, type V1Node, type V1Pod } from '#cluster/api';
import type { Counted, NodeView } from './types.ts';

export type Amounts = ReadonlyMap<string, bigint>;

const known = new WeakMap<V1Pod, Amounts>();
/** Pods of one maker ask for the same: it is held once. What no Pod asks for any more is bounded. */
const byContent = new Map<string, Amounts>();
const CONTENTS_MAX = 1024;

/** What a Pod asks for or holds, in thousandths. Pods are frozen, so that each is added up once. */
export function requestsOf(pod: V1Pod): Amounts {
  const before = known.get(pod);
  if (before !== undefined) return before;
  const entries = Object.entries(podRequests(pod));
  const content = entries.flat().join(' ');
  const requests = byContent.get(content) ?? new Map(entries);
  if (byContent.size >= CONTENTS_MAX) byContent.clear();
  byContent.set(content, requests);
  known.set(pod, requests);
  return requests;
}

function parseAmounts(list: Readonly<Record<string, string>> | undefined): Map<string, bigint> {
  return new Map(Object.entries(list ?? {}).map(([name, quantity]) => [name, parseQuantity(quantity)]));
}

/** What a Pod that asks for nothing is counted with, so that such Pods spread too. */
const ASSUMED = { cpu: 100n, memory: 200n * 1024n * 1024n * 1000n } as const;

/** A Pod's share where nodes are compared. */
export function countedOf(requests: Amounts): Counted {
  return { cpu: Number(requests.get('cpu') || ASSUMED.cpu), memory: Number(requests.get('memory') || ASSUMED.memory) };
}

const knownRoom = new WeakMap<V1Node, Amounts>();

/** What a node has to give. Nodes are frozen, too. */
function allocatableOf(node: V1Node): Amounts {
  const before = knownRoom.get(node);
  if (before !== undefined) return before;
  const amounts = parseAmounts(node.status?.allocatable ?? node.status?.capacity);
  knownRoom.set(node, amounts);
  return amounts;
}

/** A node with its Pods, and what follows from them for those that come. */
export function viewOf(node: V1Node, pods: readonly V1Pod[]): NodeView {
  const requested = new Map<string, bigint>();
  const counted = { cpu: 0, memory: 0 };
  const siblings = new Map<string, number>();
  for (const pod of pods) {
    const requests = requestsOf(pod);
    const { cpu, memory } = countedOf(requests);
    add(requested, requests);
    counted.cpu += cpu;
    counted.memory += memory;
    const owner = ownerOf(pod);
    if (owner !== undefined && pod.metadata.deletionTimestamp === undefined) siblings.set(owner, (siblings.get(owner) ?? 0) + 1);
  }
  const repelling = pods.filter(({ spec }) => spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length);
  const allocatable = allocatableOf(node);
  const capacity = { cpu: Number(allocatable.get('cpu') ?? 0n), memory: Number(allocatable.get('memory') ?? 0n) };
  const room = allocatable.get('pods');
  const isFull = room !== undefined && BigInt(pods.length + 1) * 1000n > room;
  return { node, pods, allocatable, capacity, isFull, requested, counted, siblings, repelling };
}

/** The uid of the controller that made a Pod. */
export function ownerOf({ metadata }: V1Pod): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
}

function add(total: Map<string, bigint>, more: Amounts): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0n) + amount);
}
