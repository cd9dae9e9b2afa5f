import type { V1LabelSelector, V1PodTemplateSpec } from '../generated/types.ts';
import { matchesLabels, requirementsOf } from '../selectors.ts';
import { FieldErrors } from './field-errors.ts';
import { checkAnnotations } from './names.ts';
import { checkPodAnnotations } from './pod-spec/annotations.ts';
import { checkPodSpec } from './pod-spec.ts';
import { checkLabelMap, checkLabelSelector } from './selector-rules.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** The rules of what a controller makes Pods from. */
export function checkPodTemplate(errors: FieldErrors, path: string, template: V1PodTemplateSpec | undefined): void {
  const { metadata, spec = { containers: [] } } = template ?? {};
  checkLabelMap(errors, `${path}.labels`, metadata?.labels);
  checkAnnotations(errors, `${path}.annotations`, metadata?.annotations);
  checkPodAnnotations(errors, `${path}.annotations`, metadata?.annotations, spec, `${path}.spec`);
  checkPodSpec(errors, `${path}.spec`, spec, { isPod: false });
  if (spec.ephemeralContainers?.length) errors.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
}

/** Pods that are to run until they are told to stop: they are started again, and have no end of their own. */
export function checkRunsOn(errors: FieldErrors, path: string, { spec }: V1PodTemplateSpec, kind: string): void {
  if ((spec?.restartPolicy ?? 'Always') !== 'Always') errors.notSupported(`${path}.spec.restartPolicy`, spec?.restartPolicy, ['Always']);
  if (spec?.activeDeadlineSeconds !== undefined) errors.forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`);
}

/** A selector that must be there, must say something, and is in good form. `noun` is what the words call the kind. */
export function checkOwnSelector(errors: FieldErrors, selector: V1LabelSelector | undefined, noun: string): void {
  if (selector === undefined) return errors.required('spec.selector');
  checkLabelSelector(errors, 'spec.selector', selector);
  if (isEmpty(selector)) errors.invalid('spec.selector', selector, `empty selector is invalid for ${noun}`);
}

/** The Pods of a template must be those that the selector means. `unreadable` is what is said of a selector that can't be asked. */
export function checkSelects(
  errors: FieldErrors,
  selector: V1LabelSelector | undefined,
  template: V1PodTemplateSpec,
  unreadable = 'invalid label selector',
): void {
  const labels = template.metadata?.labels;
  const selected = selector === undefined ? false : selects(selector, labels);
  if (selected === undefined) errors.invalid('spec.selector', shown(selector), unreadable);
  else if (!selected) errors.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
}

/** Whether the selector means an object with these labels; undefined for one that can't be asked. */
export function selects(selector: V1LabelSelector, labels: Readonly<Record<string, string>> | undefined): boolean | undefined {
  return isReadable(selector) ? matchesLabels(requirementsOf(selector), labels) : undefined;
}

/** A selector in the order in which Kubernetes shows one. */
export function shown(selector: V1LabelSelector | undefined): object | null {
  if (selector === undefined) return null;
  const { matchLabels, matchExpressions } = selector;
  const expressions = matchExpressions?.map(({ key, operator, values }) => ({ key, operator, ...(values && { values }) }));
  return { ...(matchLabels && { matchLabels: sorted(matchLabels) }), ...(expressions && { matchExpressions: expressions }) };
}

const sorted = (labels: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Whether labels can be asked for with these words. */
const isReadable = ({ matchLabels = {}, matchExpressions = [] }: V1LabelSelector) => {
  const errors = new FieldErrors();
  checkLabelMap(errors, '', matchLabels);
  return errors.causes.length === 0 && matchExpressions.every(({ operator }) => OPERATORS.includes(operator));
};

export function isEmpty({ matchLabels, matchExpressions }: V1LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length + (matchExpressions ?? []).length === 0;
}
