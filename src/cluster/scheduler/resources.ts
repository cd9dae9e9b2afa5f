import { parseQuantity, type V1Container, type V1Node, type V1Pod } from '#cluster/api';
import type { NodeView } from './types.ts';

export type Amounts = ReadonlyMap<string, bigint>;

/** What a Pod asks for: the sum of its containers, or its biggest init container where that is more; sidecars count with both. Thousandths. */
export function requestsOf({ spec }: V1Pod): Amounts {
  const running = new Map<string, bigint>();
  for (const container of spec?.containers ?? []) add(running, amountsOf(container));
  const sidecars = new Map<string, bigint>();
  const peak = new Map<string, bigint>();
  for (const container of spec?.initContainers ?? []) {
    const own = amountsOf(container);
    if (container.restartPolicy === 'Always') {
      add(sidecars, own);
      raise(peak, sidecars);
    } else raise(peak, sum(sidecars, own));
  }
  add(running, sidecars);
  raise(running, peak);
  add(running, parseAmounts(spec?.overhead));
  return running;
}

export function parseAmounts(list: Readonly<Record<string, string>> | undefined): Map<string, bigint> {
  return new Map(Object.entries(list ?? {}).map(([name, quantity]) => [name, parseQuantity(quantity)]));
}

/** A node with what its Pods ask for. */
export function viewOf(node: V1Node, pods: readonly V1Pod[]): NodeView {
  const requested = new Map<string, bigint>();
  for (const pod of pods) add(requested, requestsOf(pod));
  return { node, pods, allocatable: parseAmounts(node.status?.allocatable ?? node.status?.capacity), requested };
}

function amountsOf({ resources }: V1Container): Amounts {
  // A limit stands for the request that isn't given.
  return parseAmounts({ ...resources?.limits, ...resources?.requests });
}

function add(total: Map<string, bigint>, more: Amounts): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0n) + amount);
}

function sum(a: Amounts, b: Amounts): Amounts {
  const total = new Map(a);
  add(total, b);
  return total;
}

function raise(total: Map<string, bigint>, to: Amounts): void {
  for (const [name, amount] of to) if (amount > (total.get(name) ?? 0n)) total.set(name, amount);
}
