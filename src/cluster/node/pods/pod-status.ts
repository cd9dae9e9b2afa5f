import type { V1ContainerStatus, V1PodCondition, V1PodStatus } from '#cluster/api';
import { timestamp } from '#cluster/client';
import { containerStatus, type EndMessages } from './container-status.ts';
import { isIdle, isInitialized, isPastDeadline, type Phase, phaseOf } from './phase.ts';
import { qosClassOf } from './qos.ts';
import type { ContainerView, PodView, ResizeWords } from './view.ts';

const OWN = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled', 'PodResizePending', 'PodResizeInProgress'];

/** The status to report. Conditions of others and what nothing here speaks of stay. Pure. */
export function podStatus(view: PodView, node: { readonly address: string }, messages: EndMessages): V1PodStatus {
  const before = view.pod.status ?? {};
  const ending = view.gone || view.pod.metadata.deletionTimestamp !== undefined || isOver(phaseOf(view)) || isPastDeadline(view);
  const statuses = new Map(view.containers.map((container) => [container, containerStatus(view, container, messages, ending)]));
  const list = (...roles: readonly ContainerView['role'][]) => [...statuses].filter(([{ role }]) => roles.includes(role)).map(([, status]) => status);
  const [inits, mains, ephemeral] = [list('init', 'sidecar'), list('main'), list('ephemeral')];
  const phase = finalPhase(view, mains);
  const address = view.sandbox.state === 'ready' ? view.sandbox.address : before.podIP;
  const late = isPastDeadline(view) && phase === 'Failed' && before.phase !== 'Succeeded';
  const reason = late ? 'DeadlineExceeded' : before.reason;
  const message = late ? 'Pod was active on the node longer than the specified deadline' : before.message;
  return {
    phase,
    conditions: conditions(view, phase, inits, mains),
    hostIP: node.address,
    hostIPs: [{ ip: node.address }],
    ...(address ? { podIP: address, podIPs: [{ ip: address }] } : {}),
    startTime: before.startTime ?? timestamp(view.now_ms),
    qosClass: before.qosClass ?? (view.pod.spec === undefined ? 'BestEffort' : qosClassOf(view.pod.spec)),
    ...(inits.length > 0 ? { initContainerStatuses: inits } : {}),
    containerStatuses: mains,
    ...(ephemeral.length > 0 ? { ephemeralContainerStatuses: ephemeral } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message }),
    ...(view.pod.metadata.generation === undefined ? {} : { observedGeneration: view.pod.metadata.generation }),
  };
}

function isOver(phase: Phase): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}

/** A Pod that is deleted ends as well: when nothing of it runs any more its phase says how. */
function finalPhase(view: PodView, mains: readonly V1ContainerStatus[]): Phase {
  const phase = phaseOf(view);
  const deleted = view.gone || view.pod.metadata.deletionTimestamp !== undefined;
  if (isOver(phase) || !deleted || !isIdle(view) || !mains.some(({ state }) => state?.terminated)) return phase;
  return mains.every(({ state }) => state?.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
}

function conditions(view: PodView, phase: Phase, inits: readonly V1ContainerStatus[], mains: readonly V1ContainerStatus[]): V1PodCondition[] {
  const before = view.pod.status?.conditions ?? [];
  const begun = view.sandbox.state === 'ready' || (!isOver(phase) && view.containers.some(({ runs }) => runs.some(({ state }) => state.status === 'running')));
  const initialized = isInitialized(view) || phase === 'Succeeded' || view.containers.every(({ role }) => role === 'main' || role === 'ephemeral');
  const containersReady = readiness(phase, inits, mains, view);
  const ready = containersReady.status === 'True' ? gates(view) : containersReady;
  const scheduled = before.find(({ type }) => type === 'PodScheduled');
  const wanted: readonly V1PodCondition[] = [
    { type: 'PodReadyToStartContainers', status: begun && view.tearDown === 'none' ? 'True' : 'False' },
    initialized ? { type: 'Initialized', status: 'True', ...completed(phase) } : notInitialized(inits),
    { ...ready, type: 'Ready' },
    { ...containersReady, type: 'ContainersReady' },
    scheduled ?? { type: 'PodScheduled', status: 'True' },
    ...resizing(view),
  ];
  const others = before.filter(({ type }) => !OWN.includes(type));
  return [...wanted.map((condition) => dated(condition, before, view.now_ms)), ...others];
}

function resizing({ resize = {} }: PodView): readonly V1PodCondition[] {
  const told = (type: string, words: ResizeWords | undefined): readonly V1PodCondition[] => {
    if (words === undefined) return [];
    const { generation, ...why } = words;
    return [{ type, status: 'True', ...why, observedGeneration: generation }];
  };
  return [...told('PodResizePending', resize.pending), ...told('PodResizeInProgress', resize.progress)];
}

function completed(phase: Phase): { reason?: string } {
  return phase === 'Succeeded' ? { reason: 'PodCompleted' } : {};
}

function notInitialized(inits: readonly V1ContainerStatus[]): V1PodCondition {
  const names = inits.filter(({ ready }) => !ready).map(({ name }) => name);
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${names.join(' ')}]` };
}

function readiness(phase: Phase, inits: readonly V1ContainerStatus[], mains: readonly V1ContainerStatus[], view: PodView): V1PodCondition {
  if (isOver(phase)) return { type: '', status: 'False', reason: phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed' };
  const sidecars = inits.filter((_, index) => view.containers[index]?.role === 'sidecar');
  const unready = [...sidecars, ...mains].filter(({ ready }) => !ready).map(({ name }) => name);
  if (unready.length === 0 && mains.length > 0) return { type: '', status: 'True' };
  return { type: '', status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
}

/** `readinessGates`: conditions that others set. */
function gates({ pod }: PodView): V1PodCondition {
  const wanted = (pod.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType);
  const missing = wanted.filter((type) => pod.status?.conditions?.find((condition) => condition.type === type)?.status !== 'True');
  if (missing.length === 0) return { type: '', status: 'True' };
  const message = missing.map((type) => `the status of pod readiness gate "${type}" is not "True"`).join(', ');
  return { type: '', status: 'False', reason: 'ReadinessGatesNotReady', message };
}

/** The time of a condition is that of its last change of status. */
function dated(condition: V1PodCondition, before: readonly V1PodCondition[], now_ms: number): V1PodCondition {
  const old = before.find(({ type }) => type === condition.type);
  const lastTransitionTime = old?.status === condition.status && old.lastTransitionTime ? old.lastTransitionTime : timestamp(now_ms);
  return { ...condition, lastTransitionTime };
}
