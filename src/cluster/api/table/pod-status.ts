import type { V1ContainerStatus, V1Pod } from '../generated/types.ts';

/** The word that `kubectl get pods` shows as STATUS: the most telling of phase, container states and deletion. */
export function podStatusWord(pod: V1Pod): string {
  const { status = {}, metadata } = pod;
  const conditions = status.conditions ?? [];
  const isGated = conditions.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated');
  const isInitialized = conditions.some(({ type, status }) => type === 'Initialized' && status === 'True');
  const first = isGated ? 'SchedulingGated' : status.reason || status.phase || 'Pending';
  const init = initWord(pod);
  const word = init === undefined || isInitialized ? mainWord(pod, init ?? first) : init;
  if (metadata.deletionTimestamp === undefined) return word;
  if (status.reason === 'NodeLost') return 'Unknown';
  return status.phase === 'Succeeded' || status.phase === 'Failed' ? word : 'Terminating';
}

function initWord(pod: V1Pod): string | undefined {
  const containers = pod.spec?.initContainers ?? [];
  const sidecars = new Set(containers.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name));
  for (const [index, { name, state, started }] of (pod.status?.initContainerStatuses ?? []).entries()) {
    if (state?.terminated?.exitCode === 0 || (sidecars.has(name) && started)) continue;
    if (state?.terminated) return `Init:${terminatedWord(state.terminated)}`;
    const waiting = state?.waiting?.reason;
    return waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${containers.length}`;
  }
  return undefined;
}

function mainWord(pod: V1Pod, fallback: string): string {
  let word = fallback;
  let failed: string | undefined;
  let someRunning = false;
  for (const { state, ready } of (pod.status?.containerStatuses ?? []).toReversed()) {
    if (state?.waiting?.reason) word = state.waiting.reason;
    else if (state?.terminated) {
      word = terminatedWord(state.terminated);
      if (state.terminated.exitCode !== 0) failed = word;
    } else if (ready && state?.running) someRunning = true;
  }
  if (word !== 'Completed') return word;
  const isReady = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (someRunning && isReady) return 'Running';
  return failed ?? (someRunning ? 'NotReady' : word);
}

function terminatedWord({ reason, signal, exitCode }: NonNullable<NonNullable<V1ContainerStatus['state']>['terminated']>): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}
