import type { NodeWhy, PodFinding } from '#cluster/api';

/** What is read of a core/v1 Pod. */
export interface SeenPod {
  readonly metadata: { readonly name?: string; readonly namespace?: string; readonly uid?: string; readonly deletionTimestamp?: string };
  readonly spec?: { readonly nodeName?: string; readonly schedulerName?: string; readonly schedulingGates?: readonly { readonly name: string }[] };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string; readonly message?: string }[];
    readonly initContainerStatuses?: readonly SeenContainer[];
    readonly containerStatuses?: readonly SeenContainer[];
  };
}
export interface SeenContainer {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: SeenState;
  readonly lastState?: SeenState;
}
interface SeenState {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: SeenEnd;
}
interface SeenEnd {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly signal?: number;
  readonly finishedAt?: string;
}
export interface SeenEvent {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
}

/** What is looked at. */
export interface PodFacts {
  readonly pod: SeenPod;
  /** Oldest first. */
  readonly events: readonly SeenEvent[];
  /** How nodes stand to a Pod that waits for one, where that is known. */
  readonly places?: { readonly message?: string; readonly nodes: readonly NodeWhy[] };
  /** What it names and what is not there. */
  readonly missing: readonly Missing[];
}
export interface Missing {
  readonly kind: 'ConfigMap' | 'PersistentVolumeClaim' | 'Secret';
  readonly name: string;
  /** What names it: `volume data`, `container main`. */
  readonly by: string;
}

const EVENTS_MAX = 5;

/** Why a Pod does not run or is not ready. Pure. */
export function podFindings({ pod, events, places, missing }: PodFacts): readonly PodFinding[] {
  const init = pod.status?.initContainerStatuses ?? [];
  const main = pod.status?.containerStatuses ?? [];
  return [
    phase(pod),
    ...scheduling(pod, places),
    ...missing.map(absent),
    ...init.map((one) => container(one, 'init container')),
    ...main.map((one) => container(one, 'container')),
    ...readiness(pod),
    ...resizing(pod),
    ...warnings(events),
  ];
}

/** Whether a container is worth a look at its log. */
function isUnwell({ ready, state, lastState, restartCount = 0 }: SeenContainer): boolean {
  const failed = (end: SeenEnd | undefined) => end !== undefined && end.exitCode !== 0;
  return failed(state?.terminated) || (ready !== true && (restartCount > 0 || failed(lastState?.terminated) || state?.running !== undefined));
}

function phase({ metadata, status }: SeenPod): PodFinding {
  const name = status?.phase ?? 'Pending';
  const why = [status?.reason, status?.message].filter(Boolean).join(': ');
  const leaving = metadata.deletionTimestamp === undefined ? '' : `; it was asked to end at ${metadata.deletionTimestamp}`;
  return {
    step: 'phase',
    code: leaving === '' ? name : 'Terminating',
    ok: (name === 'Running' || name === 'Succeeded') && leaving === '',
    detail: `pod ${metadata.namespace ?? 'default'}/${metadata.name} is ${name}${why === '' ? '' : ` (${why})`}${leaving}`,
  };
}

function scheduling({ spec, status }: SeenPod, places: PodFacts['places']): readonly PodFinding[] {
  const step = 'scheduling';
  if (spec?.nodeName) return [{ step, ok: true, code: 'Scheduled', detail: `it stands on node ${spec.nodeName}` }];
  const gates = (spec?.schedulingGates ?? []).map(({ name }) => name);
  if (gates.length > 0)
    return [
      { step, ok: false, code: 'SchedulingGated', detail: `it waits for its scheduling gates: ${gates.join(', ')}`, advice: 'Whoever set them takes them off' },
    ];
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  const said = condition?.status === 'False' ? (condition.message ?? condition.reason) : undefined;
  const nodes = (places?.nodes ?? []).flatMap(nodeFindings);
  if (said !== undefined) return [{ step, ok: false, code: 'Unschedulable', detail: places?.message ?? said }, ...nodes];
  const scheduler = spec?.schedulerName ?? 'default-scheduler';
  const advice =
    scheduler === 'default-scheduler'
      ? 'Look whether one runs: "gantry status" names the part scheduler'
      : `Its scheduler is "${scheduler}": look whether that one runs`;
  return [{ step, ok: false, code: 'NotLookedAt', detail: 'no scheduler has looked at it yet', advice }, ...nodes];
}

function nodeFindings({ name, fits, reasons }: NodeWhy): readonly PodFinding[] {
  if (fits) return [{ step: 'nodes', ok: true, code: 'Fits', detail: `${name}: would take it` }];
  return reasons.map(({ code, message, values, advice }) => {
    const shown = Object.entries(values).map(([key, value]) => `${key} ${value === '' ? '""' : value}`);
    return { step: 'nodes', ok: false, code, detail: `${name}: ${message}${shown.length === 0 ? '' : ` (${shown.join(', ')})`}`, advice };
  });
}

function absent({ kind, name, by }: Missing): PodFinding {
  return {
    step: 'missing',
    ok: false,
    code: `Missing${kind}`,
    detail: `${kind} "${name}", which ${by} names, is not there`,
    advice: `Make it, or mark it optional where that can be`,
  };
}

function container(status: SeenContainer, what: 'container' | 'init container'): PodFinding {
  const { name, state = {}, lastState = {}, restartCount = 0 } = status;
  const log = isUnwell(status) ? { log: state.waiting === undefined ? ('current' as const) : ('previous' as const) } : {};
  const about = { step: `${what} ${name}`, container: name, ...log };
  const times = restartCount === 0 ? '' : `, after ${restartCount} restart${restartCount === 1 ? '' : 's'}`;
  const { waiting, running, terminated } = state;
  if (waiting) {
    const before = lastState.terminated === undefined ? '' : `; the last run ended with ${ending(lastState.terminated)}`;
    const words = [waiting.reason ?? 'waiting', waiting.message].filter(Boolean).join(': ');
    const code = waiting.reason ?? 'Waiting';
    return { ...about, ok: false, code, detail: `${words}${times}${before}`, ...waitingAdvice(code, status) };
  }
  if (terminated)
    return { ...about, ok: terminated.exitCode === 0, code: terminated.reason ?? 'Terminated', detail: `ended with ${ending(terminated)}${times}` };
  if (running === undefined) return { ...about, ok: false, code: 'NotBegun', detail: 'was not begun yet' };
  const before = lastState.terminated === undefined || restartCount === 0 ? '' : `; the run before ended with ${ending(lastState.terminated)}`;
  const ready = status.ready === true || what !== 'container';
  return { ...about, ok: ready, code: ready ? 'Running' : 'NotReady', detail: `runs${ready ? '' : ', but is not ready'}${times}${before}` };
}

function ending({ exitCode, reason, message, signal }: SeenEnd): string {
  const by = signal ? `, signal ${signal}` : exitCode > 128 ? `, signal ${exitCode - 128}` : '';
  const meaning = reason === 'OOMKilled' ? '' : exitCode === 127 ? ', command not found' : exitCode === 126 ? ', command not executable' : by;
  return `exit code ${exitCode}${reason === undefined ? '' : ` (${reason}${meaning})`}${message ? `: ${message.trim()}` : ''}`;
}

function waitingAdvice(reason: string, { image, lastState }: SeenContainer): { readonly advice?: string } {
  if (/ImagePull|ErrImage|InvalidImageName/.test(reason))
    return { advice: `Look at the image's name "${image ?? ''}": "gantry images" lists those that are here, "gantry pull" brings others` };
  if (reason === 'CreateContainerConfigError') return { advice: 'Make the ConfigMap or Secret that it names, with that key' };
  if (reason === 'CrashLoopBackOff' && lastState?.terminated?.reason === 'OOMKilled')
    return { advice: 'It needs more memory than its limit: raise resources.limits.memory' };
  return reason === 'CrashLoopBackOff' ? { advice: 'It is begun again after a pause that grows to five minutes; its log tells why it ends' } : {};
}

function readiness({ status }: SeenPod): readonly PodFinding[] {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  if (status?.phase !== 'Running' || condition === undefined || condition.status === 'True') return [];
  const detail = [condition.reason, condition.message].filter(Boolean).join(': ');
  return [
    {
      step: 'ready',
      ok: false,
      code: condition.reason ?? 'NotReady',
      detail: `it is not ready, so no Service leads to it${detail === '' ? '' : ` (${detail})`}`,
    },
  ];
}

/** A change of resources that was not carried out keeps the Pod from nothing, but somebody waits for it. */
function resizing({ status }: SeenPod): readonly PodFinding[] {
  const told = (status?.conditions ?? []).filter(({ type, reason }) => (type === 'PodResizePending' || type === 'PodResizeInProgress') && reason !== undefined);
  return told.map(({ type, reason = '', message = '' }) => ({
    step: 'resize',
    ok: true,
    code: reason,
    detail: `its new resources ${type === 'PodResizePending' ? 'are not granted' : 'could not be given yet'}: ${reason}: ${message}`,
  }));
}

/** The latest warnings, each message once: of what is told above they say the rest (probes, volumes). */
function warnings(events: readonly SeenEvent[]): readonly PodFinding[] {
  const last = new Map(events.filter(({ type }) => type === 'Warning').map((event) => [`${event.reason}: ${event.message}`, event]));
  return [...last].slice(-EVENTS_MAX).map(([words, { reason = 'Warning', count = 1 }]) => ({
    step: 'event',
    ok: true,
    code: reason,
    detail: `${words.trim()}${count > 1 ? ` (${count} times)` : ''}`,
  }));
}
