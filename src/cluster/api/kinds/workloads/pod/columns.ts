import type { V1ContainerStatus, V1Pod } from '../../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../../table/column.ts';
import { age } from '../../../table/duration.ts';
import { podStatusWord } from '../../../table/pod-status.ts';

const sidecars = ({ spec }: V1Pod) => new Set((spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));

/** The init containers whose turn has come: up to the first that neither ended well nor, as a sidecar, has started. */
function initStatuses(pod: V1Pod): { readonly seen: readonly V1ContainerStatus[]; readonly isInitializing: boolean } {
  const going = sidecars(pod);
  const statuses = pod.status?.initContainerStatuses ?? [];
  const index = statuses.findIndex(({ name, state, started }) => state?.terminated?.exitCode !== 0 && !(going.has(name) && started));
  const isInitialized = pod.status?.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True') ?? false;
  return { seen: index < 0 ? statuses : statuses.slice(0, index + 1), isInitializing: index >= 0 && !isInitialized };
}

function readyText(pod: V1Pod): string {
  const going = sidecars(pod);
  const { seen, isInitializing } = initStatuses(pod);
  const isReady = ({ ready, state }: V1ContainerStatus) => ready && state?.running !== undefined;
  const main = isInitializing ? [] : (pod.status?.containerStatuses ?? []).filter(isReady);
  const beside = seen.filter(({ name, ready, started }) => going.has(name) && started && ready);
  return `${main.length + beside.length}/${(pod.spec?.containers ?? []).length + going.size}`;
}

function restartsText(pod: V1Pod, now_ms: number): string {
  const going = sidecars(pod);
  const { seen, isInitializing } = initStatuses(pod);
  const counted = isInitializing ? seen : [...seen.filter(({ name }) => going.has(name)), ...(pod.status?.containerStatuses ?? [])];
  const count = counted.reduce((sum, { restartCount }) => sum + restartCount, 0);
  const last = counted
    .map(({ lastState }) => lastState?.terminated?.finishedAt ?? '')
    .sort()
    .at(-1);
  return count > 0 && last ? `${count} (${age(last, now_ms)} ago)` : String(count);
}

function gatesText({ spec, status }: V1Pod): string {
  const gates = spec?.readinessGates ?? [];
  const isOpen = (type: string) => status?.conditions?.find((condition) => condition.type === type)?.status === 'True';
  return gates.length === 0 ? '<none>' : `${gates.filter(({ conditionType }) => isOpen(conditionType)).length}/${gates.length}`;
}

export const POD_COLUMNS: readonly Column[] = [
  nameColumn,
  column<V1Pod>('Ready', readyText),
  column<V1Pod>('Status', podStatusWord),
  column<V1Pod>('Restarts', restartsText),
  ageColumn,
  column<V1Pod>('IP', ({ status }) => status?.podIPs?.[0]?.ip || status?.podIP || '<none>', 1),
  column<V1Pod>('Node', ({ spec }) => spec?.nodeName || '<none>', 1),
  column<V1Pod>('Nominated Node', ({ status }) => status?.nominatedNodeName || '<none>', 1),
  column<V1Pod>('Readiness Gates', gatesText, 1),
];
