import type { V1Container, V1NodeAffinity, V1NodeSelectorTerm, V1Pod, V1PodSpec, V1Toleration } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { APP_ARMOR, MIRROR } from '../../../validation/pod-spec/annotations.ts';
import { sameContent } from '../../../validation/same.ts';
import { changedFields } from './changed-fields.ts';

const DEADLINE_MAX_S = 2 ** 31 - 1;
const CHANGEABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

/** What an update of a Pod may change; its spec was looked at. */
export function checkPodUpdate(errors: FieldErrors, pod: V1Pod, old: V1Pod): void {
  checkKeptAnnotations(errors, pod.metadata.annotations ?? {}, old.metadata.annotations ?? {});
  const [now, before] = [pod.spec ?? { containers: [] }, old.spec ?? { containers: [] }];
  for (const list of ['containers', 'initContainers'] as const)
    if ((now[list] ?? []).length !== (before[list] ?? []).length) return errors.forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
  if (!checkDeadline(errors, now.activeDeadlineSeconds, before.activeDeadlineSeconds)) return;
  checkTolerationsKept(errors, now.tolerations ?? [], before.tolerations ?? []);
  checkGates(errors, now, before);
  const isGated = (before.schedulingGates ?? []).length > 0;
  if (isGated) checkGated(errors, now, before);
  const [frozenNow, frozenBefore] = [frozen(now, before, isGated), frozen(before, before, isGated)];
  if (!sameContent(frozenNow, frozenBefore))
    errors.forbidden('spec', `pod updates may not change fields other than ${CHANGEABLE}\n${changedFields('spec', frozenNow, frozenBefore).join('\n')}`);
}

function checkKeptAnnotations(errors: FieldErrors, now: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): void {
  for (const key of new Set([...Object.keys(now), ...Object.keys(before)])) {
    if (now[key] === before[key]) continue;
    const noun = key.startsWith(APP_ARMOR) ? 'AppArmor annotations' : key === MIRROR ? 'mirror pod annotation' : undefined;
    if (noun !== undefined) errors.forbidden(`metadata.annotations[${key}]`, `may not ${before[key] === undefined ? 'add' : 'remove or update'} ${noun}`);
  }
}

/** An end can be set, and come nearer. Answers whether the rest can be looked at. */
function checkDeadline(errors: FieldErrors, now: number | undefined, before: number | undefined): boolean {
  const field = 'spec.activeDeadlineSeconds';
  const count = errors.causes.length;
  if (now === undefined) {
    if (before !== undefined) errors.invalid(field, null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (now < 0 || now > DEADLINE_MAX_S) errors.invalid(field, now, `must be between 0 and ${DEADLINE_MAX_S}, inclusive`);
  else if (before !== undefined && before < now) errors.invalid(field, now, 'must be less than or equal to previous value');
  return errors.causes.length === count;
}

function checkTolerationsKept(errors: FieldErrors, now: readonly V1Toleration[], before: readonly V1Toleration[]): void {
  const untimed = ({ tolerationSeconds: _, ...rest }: V1Toleration) => rest;
  const isKept = before.every((one) => now.some((other) => sameContent(untimed(one), untimed(other))));
  if (!isKept) errors.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
}

function checkGates(errors: FieldErrors, now: V1PodSpec, before: V1PodSpec): void {
  const had = new Set((before.schedulingGates ?? []).map(({ name }) => name));
  for (const [index, { name }] of (now.schedulingGates ?? []).entries())
    if (!had.has(name)) errors.forbidden(`spec.schedulingGates[${index}].name`, `only deletion is allowed, but found new scheduling gate '${name}'`);
}

/** While nobody looks for a node for it, a Pod can become choosier. */
function checkGated(errors: FieldErrors, now: V1PodSpec, before: V1PodSpec): void {
  const isKept = Object.entries(before.nodeSelector ?? {}).every(([key, value]) => now.nodeSelector?.[key] === value);
  if (!isKept) errors.invalid('spec.nodeSelector', now.nodeSelector ?? null, 'only additions to spec.nodeSelector are allowed (no mutations or deletions)');
  checkNodeAffinityKept(errors, 'spec.affinity.nodeAffinity', now.affinity?.nodeAffinity, before.affinity?.nodeAffinity);
}

function checkNodeAffinityKept(errors: FieldErrors, path: string, now: V1NodeAffinity | undefined, before: V1NodeAffinity | undefined): void {
  const field = `${path}.${REQUIRED}.nodeSelectorTerms`;
  const terms = before?.[REQUIRED]?.nodeSelectorTerms ?? [];
  const newTerms = now?.[REQUIRED]?.nodeSelectorTerms ?? [];
  if (terms.length === 0) return;
  if (newTerms.length !== terms.length) return errors.invalid(field, newTerms, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed');
  for (const [index, term] of terms.entries())
    if (!onlyAdds(newTerms[index] ?? {}, term)) errors.invalid(`${field}[${index}]`, newTerms[index], 'only additions are allowed (no mutations or deletions)');
}

function onlyAdds(now: V1NodeSelectorTerm, before: V1NodeSelectorTerm): boolean {
  const lists = ['matchExpressions', 'matchFields'] as const;
  const count = (term: V1NodeSelectorTerm) => lists.reduce((sum, list) => sum + (term[list] ?? []).length, 0);
  if (count(before) === 0 && count(now) > 0) return false;
  return lists.every((list) => sameContent((now[list] ?? []).slice(0, before[list]?.length ?? 0), before[list]));
}

/** The spec without what an update may change; what of that is to stay is looked at apart. */
function frozen(spec: V1PodSpec, before: V1PodSpec, isGated: boolean): unknown {
  const { activeDeadlineSeconds: _a, tolerations: _t, schedulingGates: _g, serviceAccount: _s, affinity, nodeSelector, ...rest } = spec;
  const { terminationGracePeriodSeconds: grace } = before;
  const isForced = grace !== undefined && grace < 0 && rest.terminationGracePeriodSeconds === 1;
  const { nodeAffinity, ...otherAffinity } = affinity ?? {};
  return {
    ...rest,
    ...(isForced ? { terminationGracePeriodSeconds: grace } : {}),
    containers: withoutImages(spec.containers),
    initContainers: withoutImages(spec.initContainers),
    ...(isGated ? {} : { nodeSelector }),
    affinity: isGated ? (Object.keys(otherAffinity).length > 0 ? otherAffinity : undefined) : affinity,
  };
}

function withoutImages(containers: readonly V1Container[] = []): unknown {
  return containers.map(({ image: _, ...rest }) => rest);
}
