import { isDeepStrictEqual } from 'node:util';
import { invalid } from './errors.ts';
import type { V1Container, V1Pod, V1PodSpec, V1ResourceRequirements } from './generated/types.ts';
import { qosClass } from './qos-class.ts';
import type { KubeObject } from './types.ts';
import { FieldErrors } from './validation/field-errors.ts';
import { checkPodSpec } from './validation/pod-spec.ts';

/** Subresources by which one part of a running Pod is changed, and nothing else. */
export type PodPart = 'ephemeralcontainers' | 'resize';
const MIRROR = 'kubernetes.io/config.mirror';
const RESIZABLE = ['cpu', 'memory'];
const LISTS = ['containers', 'initContainers'] as const;
type Lists = Pick<V1PodSpec, (typeof LISTS)[number]>;

export function isPodPart(subresource: string | undefined): subresource is PodPart {
  return subresource === 'ephemeralcontainers' || subresource === 'resize';
}

/** `before` with that part of `after`, whatever else `after` says. Both are Pods as they were decoded. */
export function withPodPart(before: KubeObject, after: KubeObject, part: PodPart): KubeObject {
  // Decoded as Pods.
  const [old, wanted] = [before as V1Pod, after as V1Pod];
  const spec = { ...(old.spec ?? { containers: [] }) };
  if (part === 'ephemeralcontainers') spec.ephemeralContainers = structuredClone(wanted.spec?.ephemeralContainers ?? []);
  else for (const list of LISTS) resizeList(spec, wanted.spec ?? { containers: [] }, list);
  const changed: V1Pod = { ...old, spec };
  return changed;
}

/** Containers that came, went or changed places are left as they were asked for: the check says so. */
function resizeList(spec: Lists, wanted: Lists, list: keyof Lists): void {
  const [old, next] = [spec[list] ?? [], wanted[list] ?? []];
  if (old.length !== next.length || old.some(({ name }, index) => name !== next[index]?.name)) spec[list] = structuredClone(next);
  else spec[list] = old.map((container, index) => resized(container, next[index]));
}

function resized(container: V1Container, wanted: V1Container | undefined): V1Container {
  const { resources, resizePolicy, ...rest } = container;
  const [amounts, policy] = [wanted?.resources ?? resources, wanted?.resizePolicy ?? resizePolicy];
  return { ...rest, ...(amounts === undefined ? {} : { resources: structuredClone(amounts) }), ...(policy === undefined ? {} : { resizePolicy: policy }) };
}

/** Errors: 422 for what that part of a Pod may not become. */
export function validatePodPart(object: KubeObject, before: KubeObject, part: PodPart): void {
  const errors = new FieldErrors();
  // Decoded as Pods.
  const [pod, old] = [object as V1Pod, before as V1Pod];
  const isMirror = old.metadata.annotations?.[MIRROR] !== undefined;
  if (pod.spec !== undefined) checkPodSpec(errors, 'spec', pod.spec, { isPod: true, metadata: pod.metadata });
  if (part === 'ephemeralcontainers') {
    if (isMirror) errors.forbidden('', 'static pods do not support ephemeral containers');
    else checkEphemeralKept(errors, pod, old);
  } else if (isMirror) errors.forbidden('', 'static pods cannot be resized');
  else checkResize(errors, pod, old);
  if (errors.causes.length > 0) throw invalid('Pod', '', old.metadata.name ?? '', errors.causes);
}

function checkEphemeralKept(errors: FieldErrors, pod: V1Pod, old: V1Pod): void {
  const now = new Map((pod.spec?.ephemeralContainers ?? []).map((container) => [container.name, container]));
  for (const container of old.spec?.ephemeralContainers ?? []) {
    const what = `existing ephemeral containers ${JSON.stringify(container.name)} may not be`;
    const kept = now.get(container.name);
    if (kept === undefined) errors.forbidden('spec.ephemeralContainers', `${what} removed`);
    else if (!isDeepStrictEqual(kept, container)) errors.forbidden('spec.ephemeralContainers', `${what} changed`);
  }
}

function checkResize(errors: FieldErrors, pod: V1Pod, old: V1Pod): void {
  if (qosClass(pod.spec) !== qosClass(old.spec)) errors.invalid('spec', qosClass(old.spec), 'Pod QOS Class may not change as a result of resizing');
  for (const list of LISTS) {
    const [containers, previous] = [pod.spec?.[list] ?? [], old.spec?.[list] ?? []];
    if (containers.length !== previous.length) {
      errors.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`);
      continue;
    }
    for (const [index, container] of containers.entries()) {
      const before = previous[index];
      const here = `spec.${list}[${index}]`;
      if (before === undefined || container.name !== before.name) errors.forbidden(`${here}.name`, `${list} may not be renamed or reordered on resize`);
      else checkAmounts(errors, here, container, before, list === 'initContainers' && before.restartPolicy !== 'Always');
    }
  }
}

function checkAmounts(errors: FieldErrors, path: string, container: V1Container, before: V1Container, isFixed: boolean): void {
  const [now, old]: V1ResourceRequirements[] = [container.resources ?? {}, before.resources ?? {}];
  if (isDeepStrictEqual(now, old)) return;
  if (isFixed) return errors.forbidden('spec', 'resources for non-sidecar init containers are immutable');
  for (const list of ['requests', 'limits'] as const) {
    const gone = RESIZABLE.some((name) => old?.[list]?.[name] !== undefined && now?.[list]?.[name] === undefined);
    if (gone) errors.forbidden(`${path}.resources.${list}`, `resource ${list} cannot be removed`);
  }
  if (!isDeepStrictEqual(fixedAmounts(now), fixedAmounts(old))) errors.forbidden('spec', 'only cpu and memory resources are mutable');
}

/** What of the amounts stays as it is. */
function fixedAmounts({ requests = {}, limits = {}, claims = [] }: V1ResourceRequirements = {}): object {
  const others = (amounts: Record<string, string>) => Object.fromEntries(Object.entries(amounts).filter(([name]) => !RESIZABLE.includes(name)));
  return { requests: others(requests), limits: others(limits), claims };
}
