import type { V1Container, V1Job, V1JobSpec, V1PodTemplateSpec } from '../../../generated/types.ts';
import type { FieldErrors } from '../../../validation/field-errors.ts';
import { checkKept, sameContent } from '../../../validation/same.ts';
import { isTrue } from './conditions.ts';

const KEPT = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const satisfies readonly (keyof V1JobSpec)[];

/** What an update of a Job may change. */
export function checkJobUpdate(errors: FieldErrors, { spec }: V1Job, old: V1Job): void {
  if (spec === undefined || old.spec === undefined) return;
  checkCompletions(errors, spec, old.spec);
  for (const field of KEPT) checkKept(errors, `spec.${field}`, spec[field], old.spec[field]);
  if (!isIdle(old)) return checkKept(errors, 'spec.template', spec.template, old.spec.template);
  const before = withResourcesOf(withDirectivesOf(old.spec.template, spec.template), spec.template);
  if (!sameContent(spec.template.spec, before.spec)) errors.invalid('spec.template.spec', spec.template.spec, 'field is immutable');
}

/** How many there are to be can change only of indexed Jobs, together with how many there may be at once. */
function checkCompletions(errors: FieldErrors, spec: V1JobSpec, old: V1JobSpec): void {
  if (spec.completionMode !== 'Indexed') return checkKept(errors, 'spec.completions', spec.completions, old.completions);
  if (spec.completions === undefined || spec.completions === old.completions) return;
  if (spec.completions !== spec.parallelism) errors.invalid('spec.completions', spec.completions, 'can only be modified in tandem with spec.parallelism');
}

/** Suspended, and none of its Pods runs: where they are to lie, and what they take, can still change. */
function isIdle({ spec, status = {} }: V1Job): boolean {
  return spec?.suspend === true && (status.startTime === undefined || isTrue(status, 'Suspended')) && (status.active ?? 0) === 0;
}

/** The template as it was, but for where its Pods are to lie. */
function withDirectivesOf(old: V1PodTemplateSpec, now: V1PodTemplateSpec): V1PodTemplateSpec {
  if (old.spec === undefined || now.spec === undefined) return old;
  const { nodeSelector: _n, tolerations: _t, schedulingGates: _g, affinity = {}, ...rest } = old.spec;
  const { nodeSelector, tolerations, schedulingGates, affinity: newAffinity } = now.spec;
  const { nodeAffinity: _a, ...others } = affinity;
  const merged = { ...others, ...(newAffinity?.nodeAffinity && { nodeAffinity: newAffinity.nodeAffinity }) };
  return {
    spec: {
      ...rest,
      ...(nodeSelector && { nodeSelector }),
      ...(tolerations && { tolerations }),
      ...(schedulingGates && { schedulingGates }),
      ...(Object.keys(merged).length > 0 || newAffinity !== undefined ? { affinity: merged } : {}),
    },
  };
}

/** The template as it was, but for what its containers take. */
function withResourcesOf(old: V1PodTemplateSpec, now: V1PodTemplateSpec): V1PodTemplateSpec {
  if (old.spec === undefined || now.spec === undefined) return old;
  const taken = (before: readonly V1Container[], after: readonly V1Container[]) =>
    before.length !== after.length
      ? [...before]
      : before.map((container, index) =>
          after[index]?.name === container.name && after[index].resources ? { ...container, resources: after[index].resources } : container,
        );
  const { containers, initContainers } = old.spec;
  return {
    spec: {
      ...old.spec,
      containers: taken(containers, now.spec.containers),
      ...(initContainers && { initContainers: taken(initContainers, now.spec.initContainers ?? []) }),
    },
  };
}
