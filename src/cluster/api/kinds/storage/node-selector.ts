import type { V1NodeSelector, V1NodeSelectorRequirement } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain, labelValue, qualifiedName } from '../../validation/text-formats.ts';

const NO_OPERATOR = 'not a valid selector operator';

/** Which nodes: any of the terms, each with all of its requirements. */
export function checkNodeSelector(errors: FieldErrors, path: string, { nodeSelectorTerms = [] }: V1NodeSelector): void {
  const field = `${path}.nodeSelectorTerms`;
  if (nodeSelectorTerms.length === 0) errors.required(field, 'must have at least one node selector term');
  for (const [index, { matchExpressions = [], matchFields = [] }] of nodeSelectorTerms.entries()) {
    for (const [at, one] of matchExpressions.entries()) checkByLabel(errors, `${field}[${index}].matchExpressions[${at}]`, one);
    for (const [at, one] of matchFields.entries()) checkByField(errors, `${field}[${index}].matchFields[${at}]`, one);
  }
}

function checkByLabel(errors: FieldErrors, path: string, { key = '', operator = '', values = [] }: V1NodeSelectorRequirement): void {
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  } else if (operator === 'Gt' || operator === 'Lt') {
    if (values.length !== 1) errors.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
  } else errors.invalid(`${path}.operator`, operator, NO_OPERATOR);
  checkText(errors, `${path}.key`, key, qualifiedName);
  for (const [index, value] of values.entries()) checkText(errors, `${path}.values[${index}]`, value, labelValue);
}

function checkByField(errors: FieldErrors, path: string, { key = '', operator = '', values = [] }: V1NodeSelectorRequirement): void {
  if (operator !== 'In' && operator !== 'NotIn') errors.invalid(`${path}.operator`, operator, NO_OPERATOR);
  else if (values.length !== 1) errors.required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
  if (key !== 'metadata.name') return errors.invalid(`${path}.key`, key, 'not a valid field selector key');
  for (const [index, value] of values.entries()) checkText(errors, `${path}.values[${index}]`, value, dnsSubdomain);
}
