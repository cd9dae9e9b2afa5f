import type { V1Node, V1NodeCondition, V1Taint } from '#cluster/api';
import { timestamp } from '#cluster/client';

const SILENT = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'];
const NOT_READY = 'node.kubernetes.io/not-ready';
const UNREACHABLE = 'node.kubernetes.io/unreachable';
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const PRESSURES: Readonly<Record<string, string>> = {
  MemoryPressure: 'node.kubernetes.io/memory-pressure',
  DiskPressure: 'node.kubernetes.io/disk-pressure',
  PIDPressure: 'node.kubernetes.io/pid-pressure',
  NetworkUnavailable: 'node.kubernetes.io/network-unavailable',
};
const OURS = new Set([NOT_READY, UNREACHABLE, UNSCHEDULABLE, ...Object.values(PRESSURES)]);

export function readiness({ status }: V1Node): string {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
}

/** Pure: the conditions of a node that says nothing any more. */
export function silentConditions({ status }: V1Node, now_ms: number): V1NodeCondition[] {
  const now = timestamp(now_ms);
  const present = status?.conditions ?? [];
  const others = present.filter(({ type }) => !SILENT.includes(type));
  const silent = SILENT.map((type): V1NodeCondition => {
    const before = present.find((condition) => condition.type === type);
    if (before?.status === 'Unknown') return before;
    const [reason, message] =
      before === undefined ? ['NodeStatusNeverUpdated', 'Kubelet never posted node status.'] : ['NodeStatusUnknown', 'Kubelet stopped posting node status.'];
    return { ...before, type, status: 'Unknown', reason, message, lastTransitionTime: now };
  });
  return [...others, ...silent];
}

/** Pure: the node's taints as its state asks for them; those that others set stay. */
export function taintsOf(node: V1Node, now_ms: number): V1Taint[] {
  const present = node.spec?.taints ?? [];
  const wanted = wantedTaints(node);
  const kept = present.filter((taint) => !OURS.has(taint.key) || wanted.some((one) => same(one, taint)));
  const added = wanted.filter((taint) => !present.some((one) => same(one, taint)));
  return [...kept, ...added.map((taint) => (taint.effect === 'NoExecute' ? { ...taint, timeAdded: timestamp(now_ms) } : taint))];
}

function wantedTaints(node: V1Node): V1Taint[] {
  const ready = readiness(node);
  const key = ready === 'True' ? undefined : ready === 'False' ? NOT_READY : UNREACHABLE;
  const pressures = (node.status?.conditions ?? []).flatMap(({ type, status }) =>
    status === 'True' && PRESSURES[type] !== undefined ? [PRESSURES[type]] : [],
  );
  return [
    ...(key === undefined
      ? []
      : [
          { key, effect: 'NoSchedule' },
          { key, effect: 'NoExecute' },
        ]),
    ...(node.spec?.unschedulable ? [{ key: UNSCHEDULABLE, effect: 'NoSchedule' }] : []),
    ...pressures.map((pressure) => ({ key: pressure, effect: 'NoSchedule' })),
  ];
}

function same(a: V1Taint, b: V1Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}
