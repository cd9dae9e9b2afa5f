import type { V1ContainerStatus, V1Pod } from '../generated/types.ts';

/** The word that `kubectl get pods` shows as STATUS: the most telling of phase, container states and deletion. */
export function podStatusWord(pod: V1Pod): string {
  const status = pod.status ?? {};
  const init = initWord(pod);
  const word = init ?? mainWord(pod, status.reason ?? status.phase ?? 'Pending');
  if (pod.metadata.deletionTimestamp === undefined) return word;
  return status.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function initWord(pod: V1Pod): string | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const total = pod.spec?.initContainers?.length ?? 0;
  for (const [index, { state, started }] of statuses.entries()) {
    const isSidecar = pod.spec?.initContainers?.[index]?.restartPolicy === 'Always';
    if (state?.terminated?.exitCode === 0 || (isSidecar && started)) continue;
    if (state?.terminated) return `Init:${terminatedWord(state.terminated)}`;
    const waiting = state?.waiting?.reason;
    return waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`;
  }
  return undefined;
}

function mainWord(pod: V1Pod, fallback: string): string {
  let word = fallback;
  let someRunning = false;
  for (const { state, ready } of (pod.status?.containerStatuses ?? []).toReversed()) {
    if (state?.waiting?.reason) word = state.waiting.reason;
    else if (state?.terminated) word = terminatedWord(state.terminated);
    else if (ready && state?.running) someRunning = true;
  }
  if (word !== 'Completed' || !someRunning) return word;
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ? 'Running' : 'NotReady';
}

function terminatedWord({ reason, signal, exitCode }: NonNullable<NonNullable<V1ContainerStatus['state']>['terminated']>): string {
  if (reason) return reason;
  return signal ? `Signal:${signal}` : `ExitCode:${exitCode}`;
}
