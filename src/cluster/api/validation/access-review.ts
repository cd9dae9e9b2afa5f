import { invalid } from '../errors.ts';
import type { V1FieldSelectorRequirement, V1LabelSelectorRequirement, V1LocalSubjectAccessReview, V1ResourceAttributes } from '../generated/types.ts';
import { FieldErrors } from './field-errors.ts';
import { checkText, qualifiedName } from './text-formats.ts';

/** A question about access: that of another, in one namespace (`local`), or one's own. */
export type AccessReview = Pick<V1LocalSubjectAccessReview, 'metadata' | 'spec'>;
export type AccessReviewKind = 'SubjectAccessReview' | 'LocalSubjectAccessReview' | 'SelfSubjectAccessReview';

const GROUP = 'authorization.k8s.io';

/** Errors: 422. Kubernetes names no kind in it. */
export function validateAccessReview(kind: AccessReviewKind, { metadata, spec }: AccessReview): void {
  const errors = new FieldErrors();
  const { resourceAttributes: asked, nonResourceAttributes: path, user = '', groups = [] } = spec;
  const shownPath = path && { ...(path.path && { Path: path.path }), ...(path.verb && { Verb: path.verb }) };
  if (asked && path) errors.invalid('spec.nonResourceAttributes', shownPath, 'cannot be specified in combination with resourceAttributes');
  if (!asked && !path) errors.invalid('spec.resourceAttributes', null, 'exactly one of nonResourceAttributes or resourceAttributes must be specified');
  if (kind !== 'SelfSubjectAccessReview' && user === '' && groups.length === 0)
    errors.invalid('spec.user', user, 'at least one of user or group must be specified');
  if (asked) checkSelectors(errors, asked);
  const isLocal = kind === 'LocalSubjectAccessReview';
  const { managedFields: _, namespace = '', ...said } = metadata ?? {};
  if (Object.keys(said).length > 0) errors.invalid('metadata', metadata, isLocal ? 'must be empty except for namespace' : 'must be empty');
  if (isLocal && asked && (asked.namespace ?? '') !== namespace)
    errors.invalid('spec.resourceAttributes.namespace', asked.namespace ?? '', 'must match metadata.namespace');
  if (isLocal && path) errors.invalid('spec.nonResourceAttributes', shownPath, 'disallowed on this kind of request');
  if (errors.causes.length > 0) throw invalid('', GROUP, '', errors.causes);
}

/** What an operator that is not known means is its sender's matter: he may be of a later version. */
function checkSelectors(errors: FieldErrors, { fieldSelector, labelSelector }: V1ResourceAttributes): void {
  for (const [name, selector] of Object.entries({ fieldSelector, labelSelector })) {
    if (selector === undefined) continue;
    const field = `spec.resourceAttributes.${name}`;
    const { rawSelector = '', requirements = [] } = selector;
    if (rawSelector !== '' && requirements.length > 0)
      errors.invalid(`${field}.rawSelector`, rawSelector, 'may not specified at the same time as requirements');
    if (rawSelector === '' && requirements.length === 0)
      errors.required(`${field}.requirements`, `when ${field} is specified, requirements or rawSelector is required`);
    for (const [index, one] of requirements.entries()) checkRequirement(errors, `${field}.requirements[${index}]`, one, selector === labelSelector);
  }
}

type Requirement = V1FieldSelectorRequirement | V1LabelSelectorRequirement;

function checkRequirement(errors: FieldErrors, field: string, { key, operator, values = [] }: Requirement, isLabel: boolean): void {
  if (!isLabel && key === '') errors.required(`${field}.key`, 'must be specified');
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  if (isLabel) checkText(errors, `${field}.key`, key, qualifiedName);
}
