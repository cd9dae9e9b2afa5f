import type { ObjectSelector } from '../selectors.ts';
import type { FieldErrors } from './field-errors.ts';
import { checkText, labelValue, qualifiedName } from './text-formats.ts';

/** Labels that something else carries: a selector's, a class's. */
export function checkLabelMap(errors: FieldErrors, field: string, labels: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkText(errors, field, key, qualifiedName);
    checkText(errors, field, value, labelValue);
  }
}

/** A selector as objects carry it. */
export function checkLabelSelector(errors: FieldErrors, field: string, selector: ObjectSelector | undefined): void {
  checkLabelMap(errors, `${field}.matchLabels`, selector?.matchLabels);
  for (const [index, expression] of (selector?.matchExpressions ?? []).entries()) {
    const path = `${field}.matchExpressions[${index}]`;
    const { key, operator, values = [] } = expression;
    if (operator === 'In' || operator === 'NotIn') {
      if (values.length === 0) errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (values.length > 0) errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else errors.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator');
    checkText(errors, `${path}.key`, key ?? '', qualifiedName);
    for (const [at, value] of values.entries()) checkText(errors, `${path}.values[${at}]`, value, labelValue);
  }
}
