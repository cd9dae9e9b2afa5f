import type { V1Container, V1ContainerStatus, V1Pod } from './generated/types.ts';
import { isQuantity, type Milli, parseQuantity } from './quantity.ts';

/** By the names of resources, in thousandths. */
export type Amounts = Readonly<Record<string, Milli>>;
type Texts = Readonly<Record<string, string>>;

/** What the containers of a Pod's spec say together at most at a time: all of them, or an init container where that takes more. Pure. */
export function podTotal({ spec }: V1Pod, of: (container: V1Container) => Texts | undefined): Amounts {
  return together(spec, (container) => amountsOf(of(container)));
}

/**
 * What a Pod holds of its node, or is about to: of each container the most of what it asks for, was granted and has, so that a change of its
 * resources that is under way counts whole. What its node can never grant it holds not. With what the Pod itself takes on top. Pure.
 */
export function podRequests(pod: V1Pod): Amounts {
  const isInfeasible = resizeIsInfeasible(pod);
  const total = together(pod.spec, (container) => {
    // A limit stands for the request that isn't given.
    const { limits, requests = {} } = container.resources ?? {};
    const own = limits === undefined ? requests : { ...limits, ...requests };
    const status = statusOf(pod, container);
    if (status?.resources === undefined) return amountsOf(own);
    return most([...(isInfeasible ? [] : [own]), status.resources.requests, status.allocatedResources]);
  });
  for (const [name, amount] of Object.entries(amountsOf(pod.spec?.overhead))) total[name] = (total[name] ?? 0n) + amount;
  return total;
}

/** The same of limits; what the Pod takes on top counts only where it has one. Pure. */
export function podLimits(pod: V1Pod): Amounts {
  const isInfeasible = resizeIsInfeasible(pod);
  const total = together(pod.spec, (container) => {
    const own = container.resources?.limits;
    const status = statusOf(pod, container);
    return status?.resources === undefined ? amountsOf(own) : most([...(isInfeasible ? [] : [own]), status.resources.limits]);
  });
  for (const [name, amount] of Object.entries(amountsOf(pod.spec?.overhead))) if (total[name]) total[name] += amount;
  return total;
}

function together(spec: V1Pod['spec'], of: (container: V1Container) => Amounts): Record<string, Milli> {
  const total: Record<string, Milli> = {};
  for (const container of spec?.containers ?? []) add(total, of(container));
  const staying: Record<string, Milli> = {};
  const peak: Record<string, Milli> = {};
  for (const container of spec?.initContainers ?? []) {
    const own = of(container);
    const now = { ...staying };
    add(now, own);
    raise(peak, now);
    if (container.restartPolicy !== 'Always') continue;
    add(staying, own);
    add(total, own);
  }
  raise(total, peak);
  return total;
}

/** Of those containers whose resources can change. */
function statusOf({ spec, status }: V1Pod, { name }: V1Container): V1ContainerStatus | undefined {
  const known = status?.containerStatuses?.find((one) => one.name === name);
  if (known !== undefined) return known;
  const isSidecar = spec?.initContainers?.some((one) => one.name === name && one.restartPolicy === 'Always') === true;
  return isSidecar ? status?.initContainerStatuses?.find((one) => one.name === name) : undefined;
}

function resizeIsInfeasible({ status }: V1Pod): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible') === true;
}

/** Mostly they are all the same: then one is read. */
function most(lists: readonly (Texts | undefined)[]): Amounts {
  const [first = {}, ...others] = lists;
  const total = amountsOf(first);
  for (const list of others) if (list !== undefined && !isSame(list, first)) raise(total, amountsOf(list));
  return total;
}

function isSame(one: Texts, other: Texts): boolean {
  return Object.entries(one).every(([name, text]) => other[name] === text);
}

function amountsOf(texts: Texts = {}): Record<string, Milli> {
  const amounts: Record<string, Milli> = {};
  for (const [name, text] of Object.entries(texts)) if (isQuantity(text)) amounts[name] = parseQuantity(text);
  return amounts;
}

function add(total: Record<string, Milli>, more: Amounts): void {
  for (const [name, amount] of Object.entries(more)) total[name] = (total[name] ?? 0n) + amount;
}

function raise(total: Record<string, Milli>, to: Amounts): void {
  for (const [name, amount] of Object.entries(to)) if (amount > (total[name] ?? 0n)) total[name] = amount;
}
