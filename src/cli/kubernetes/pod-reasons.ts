type Finding = import('#daemon').WhyFinding;

/** What is read of a core/v1 Pod. */
export interface SeenPod {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string; readonly deletionTimestamp?: string };
  readonly spec?: { readonly nodeName?: string };
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

/** What `why pod` looks at. */
export interface PodFacts {
  readonly pod: SeenPod;
  /** Oldest first. */
  readonly events: readonly SeenEvent[];
  /** The last lines of containers that are not well, by their names. */
  readonly logs: Readonly<Record<string, readonly string[]>>;
}

const EVENTS_MAX = 5;

/** Why a Pod does not run or is not ready. Pure. */
export function podFindings({ pod, events, logs }: PodFacts): readonly Finding[] {
  const init = pod.status?.initContainerStatuses ?? [];
  const main = pod.status?.containerStatuses ?? [];
  return [
    phase(pod),
    ...scheduling(pod),
    ...init.flatMap((one) => container(one, 'init container', logs[one.name] ?? [])),
    ...main.flatMap((one) => container(one, 'container', logs[one.name] ?? [])),
    ...readiness(pod),
    ...warnings(events),
  ];
}

/** Whether a container is worth a look at its log. */
export function isUnwell({ ready, state, lastState, restartCount = 0 }: SeenContainer): boolean {
  const failed = (end: SeenEnd | undefined) => end !== undefined && end.exitCode !== 0;
  return failed(state?.terminated) || (ready !== true && (restartCount > 0 || failed(lastState?.terminated) || state?.running !== undefined));
}

function phase({ metadata, status }: SeenPod): Finding {
  const name = status?.phase ?? 'Pending';
  const why = [status?.reason, status?.message].filter(Boolean).join(': ');
  const leaving = metadata.deletionTimestamp === undefined ? '' : `; it was asked to end at ${metadata.deletionTimestamp}`;
  return {
    step: 'phase',
    ok: (name === 'Running' || name === 'Succeeded') && leaving === '',
    detail: `pod ${metadata.namespace ?? 'default'}/${metadata.name} is ${name}${why === '' ? '' : ` (${why})`}${leaving}`,
  };
}

function scheduling({ spec, status }: SeenPod): readonly Finding[] {
  const step = 'scheduling';
  if (spec?.nodeName) return [{ step, ok: true, detail: `it stands on node ${spec.nodeName}` }];
  const condition = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (condition?.status !== 'False')
    return [{ step, ok: false, detail: 'no scheduler has looked at it yet', advice: 'Look whether one runs: "gantry status" names the part scheduler' }];
  const { head, reasons } = unschedulable(condition.message ?? condition.reason ?? '');
  if (reasons.length === 0) return [{ step, ok: false, detail: head, ...adviceFor(head) }];
  return [{ step, ok: false, detail: head }, ...reasons.map((detail): Finding => ({ step: 'nodes', ok: false, detail, ...adviceFor(detail) }))];
}

/** `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.` in its parts. A taint's braces hold commas of their own. */
function unschedulable(message: string): { readonly head: string; readonly reasons: readonly string[] } {
  const [, head, list] = /^(\d+\/\d+ nodes are available): (.*?)\.?(?: preemption: .*)?$/s.exec(message) ?? [];
  if (head === undefined || list === undefined) return { head: message, reasons: [] };
  return { head, reasons: list.split(/, (?=\d+ )/).map((reason) => reason.replace(/^(\d+) (?!node\(s\))/, '$1 node(s): ')) };
}

function adviceFor(reason: string): { readonly advice?: string } {
  if (/insufficient/i.test(reason)) return { advice: 'Lower the requests of its containers, or end other Pods: "gantry describe node" tells what is taken' };
  if (/taint/.test(reason)) return { advice: 'Take the taint off the node, or give the Pod a toleration for it' };
  if (/unschedulable/.test(reason)) return { advice: '"kubectl uncordon NODE" lets Pods on it again' };
  if (/affinity|selector/.test(reason)) return { advice: 'Label a node as the Pod asks ("kubectl label node"), or change its nodeSelector or affinity' };
  return /free ports/.test(reason) ? { advice: 'Another Pod has the host port: choose another, or use a Service' } : {};
}

function container(status: SeenContainer, what: string, log: readonly string[]): readonly Finding[] {
  const { name, state = {}, lastState = {}, restartCount = 0 } = status;
  const step = `${what} ${name}`;
  const said: readonly Finding[] = log.length === 0 ? [] : [{ step: `log of ${name}`, ok: true, detail: `the last lines:\n${log.join('\n')}` }];
  const times = restartCount === 0 ? '' : `, after ${restartCount} restart${restartCount === 1 ? '' : 's'}`;
  const { waiting, running, terminated } = state;
  if (waiting) {
    const before = lastState.terminated === undefined ? '' : `; the last run ended with ${ending(lastState.terminated)}`;
    const words = [waiting.reason ?? 'waiting', waiting.message].filter(Boolean).join(': ');
    return [{ step, ok: false, detail: `${words}${times}${before}`, ...waitingAdvice(waiting.reason ?? '', status) }, ...said];
  }
  if (terminated) return [{ step, ok: terminated.exitCode === 0, detail: `ended with ${ending(terminated)}${times}` }, ...said];
  if (running === undefined) return [{ step, ok: false, detail: 'was not begun yet' }];
  const before = lastState.terminated === undefined || restartCount === 0 ? '' : `; the run before ended with ${ending(lastState.terminated)}`;
  const ready = status.ready === true || what !== 'container';
  return [{ step, ok: ready, detail: `runs${ready ? '' : ', but is not ready'}${times}${before}` }, ...said];
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

function readiness({ status }: SeenPod): readonly Finding[] {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready');
  if (status?.phase !== 'Running' || condition === undefined || condition.status === 'True') return [];
  const detail = [condition.reason, condition.message].filter(Boolean).join(': ');
  return [{ step: 'ready', ok: false, detail: `it is not ready, so no Service leads to it${detail === '' ? '' : ` (${detail})`}` }];
}

/** The latest warnings, each message once: of what is told above they say the rest (probes, volumes). */
function warnings(events: readonly SeenEvent[]): readonly Finding[] {
  const last = new Map(events.filter(({ type }) => type === 'Warning').map((event) => [`${event.reason}: ${event.message}`, event]));
  return [...last]
    .slice(-EVENTS_MAX)
    .map(([words, { count = 1 }]) => ({ step: 'event', ok: true, detail: `${words.trim()}${count > 1 ? ` (${count} times)` : ''}` }));
}
