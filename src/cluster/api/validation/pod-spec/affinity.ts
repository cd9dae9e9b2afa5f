import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeAffinity,
  V1NodeSelector,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodAffinity,
  V1PodAffinityTerm,
} from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkLabelSelector } from '../selector-rules.ts';
import { checkText, dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../text-formats.ts';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const NOT_AN_OPERATOR = 'not a valid selector operator';

/** Where a Pod would rather be, and beside whom. */
export function checkAffinity(errors: FieldErrors, path: string, affinity: V1Affinity | undefined): void {
  if (affinity?.nodeAffinity) checkNodeAffinity(errors, `${path}.nodeAffinity`, affinity.nodeAffinity);
  if (affinity?.podAffinity) checkPodAffinity(errors, `${path}.podAffinity`, affinity.podAffinity);
  if (affinity?.podAntiAffinity) checkPodAffinity(errors, `${path}.podAntiAffinity`, affinity.podAntiAffinity);
}

function checkNodeAffinity(errors: FieldErrors, path: string, affinity: V1NodeAffinity): void {
  const required = affinity[REQUIRED];
  if (required) checkNodeSelector(errors, `${path}.${REQUIRED}`, required);
  for (const [index, { weight, preference }] of (affinity[PREFERRED] ?? []).entries()) {
    const here = `${path}.${PREFERRED}[${index}]`;
    checkWeight(errors, here, weight);
    // A preference for what can't be is one for nothing.
    checkNodeTerm(errors, `${here}.preference`, preference ?? {}, false);
  }
}

/** Nodes by their labels and names: one of the terms is to be met. */
export function checkNodeSelector(errors: FieldErrors, path: string, { nodeSelectorTerms = [] }: V1NodeSelector): void {
  if (nodeSelectorTerms.length === 0) errors.required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term');
  for (const [index, term] of nodeSelectorTerms.entries()) checkNodeTerm(errors, `${path}.nodeSelectorTerms[${index}]`, term, true);
}

function checkNodeTerm(errors: FieldErrors, path: string, { matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm, strict: boolean): void {
  for (const [index, one] of matchExpressions.entries()) checkNodeRequirement(errors, `${path}.matchExpressions[${index}]`, one, strict);
  for (const [index, one] of matchFields.entries()) checkFieldRequirement(errors, `${path}.matchFields[${index}]`, one);
}

function checkNodeRequirement(errors: FieldErrors, path: string, { key = '', operator = '', values = [] }: V1NodeSelectorRequirement, strict: boolean): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) errors.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else errors.invalid(`${path}.operator`, operator, NOT_AN_OPERATOR);
  checkText(errors, `${path}.key`, key, qualifiedName);
  if (strict) for (const [index, value] of values.entries()) checkText(errors, `${path}.values[${index}]`, value, labelValue);
}

function checkFieldRequirement(errors: FieldErrors, path: string, { key = '', operator = '', values = [] }: V1NodeSelectorRequirement): void {
  if (operator !== 'In' && operator !== 'NotIn') errors.invalid(`${path}.operator`, operator, NOT_AN_OPERATOR);
  else if (values.length !== 1) errors.required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  if (key !== 'metadata.name') errors.invalid(`${path}.key`, key, 'not a valid field selector key');
  else for (const [index, value] of values.entries()) checkText(errors, `${path}.values[${index}]`, value, dnsSubdomain);
}

function checkPodAffinity(errors: FieldErrors, path: string, affinity: V1PodAffinity): void {
  for (const [index, term] of (affinity[REQUIRED] ?? []).entries()) checkPodTerm(errors, `${path}.${REQUIRED}[${index}]`, term);
  for (const [index, { weight, podAffinityTerm }] of (affinity[PREFERRED] ?? []).entries()) {
    const here = `${path}.${PREFERRED}[${index}]`;
    checkWeight(errors, here, weight);
    checkPodTerm(errors, `${here}.podAffinityTerm`, podAffinityTerm ?? { topologyKey: '' });
  }
}

function checkPodTerm(errors: FieldErrors, path: string, term: V1PodAffinityTerm): void {
  checkLabelSelector(errors, `${path}.labelSelector`, term.labelSelector);
  checkLabelSelector(errors, `${path}.namespaceSelector`, term.namespaceSelector);
  for (const name of term.namespaces ?? []) checkText(errors, `${path}.namespace`, name, dnsLabel);
  checkLabelKeys(errors, path, term.labelSelector, term.matchLabelKeys, term.mismatchLabelKeys);
  if (!term.topologyKey) errors.required(`${path}.topologyKey`, 'can not be empty');
  checkText(errors, `${path}.topologyKey`, term.topologyKey ?? '', qualifiedName);
}

function checkWeight(errors: FieldErrors, path: string, weight = 0): void {
  if (weight <= 0 || weight > 100) errors.invalid(`${path}.weight`, weight, 'must be in the range 1-100');
}

/** Labels whose own value a Pod shares, or doesn't, with those it is put beside. */
export function checkLabelKeys(
  errors: FieldErrors,
  path: string,
  selector: V1LabelSelector | undefined,
  matching: readonly string[] = [],
  differing: readonly string[] = [],
): void {
  for (const [field, keys] of Object.entries({ matchLabelKeys: matching, mismatchLabelKeys: differing })) {
    if (keys.length > 0 && selector === undefined) errors.forbidden(`${path}.${field}`, 'must not be specified when labelSelector is not set');
    else for (const [index, key] of keys.entries()) checkText(errors, `${path}.${field}[${index}]`, key, qualifiedName);
  }
  // When a Pod is made, what such a key means is added to the expressions; a key that is there besides was the user's.
  const known = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = matching.indexOf(key);
    if (index >= 0 && known.has(key)) errors.invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    known.add(key);
  }
  for (const [index, key] of matching.entries())
    if (differing.includes(key)) errors.invalid(`${path}.matchLabelKeys[${index}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
}
