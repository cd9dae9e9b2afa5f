import type { V1Taint, V1Toleration } from '../../generated/types.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkText, labelValue, qualifiedName } from '../text-formats.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** What a Pod puts up with. */
export function checkTolerations(errors: FieldErrors, path: string, tolerations: readonly V1Toleration[] = []): void {
  for (const [index, toleration] of tolerations.entries()) {
    const here = `${path}[${index}]`;
    const { key = '', operator = '', effect = '', tolerationSeconds } = toleration;
    if (key !== '') checkText(errors, `${here}.key`, key, qualifiedName);
    else if (operator !== 'Exists')
      errors.invalid(`${here}.operator`, operator, 'operator must be Exists when `key` is empty, which means "match all values and all keys"');
    if (tolerationSeconds !== undefined && effect !== 'NoExecute')
      errors.invalid(`${here}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
    checkOperator(errors, `${here}.operator`, toleration);
    if (effect !== '' && !EFFECTS.includes(effect)) errors.notSupported(`${here}.effect`, effect, EFFECTS);
  }
}

function checkOperator(errors: FieldErrors, field: string, { operator = '', value = '' }: V1Toleration): void {
  if (operator === '' || operator === 'Equal') {
    const wrong = labelValue(value);
    if (wrong.length > 0) errors.invalid(field, value, wrong.join(';'));
  } else if (operator === 'Exists') {
    if (value !== '') errors.invalid(field, value, "value must be empty when `operator` is 'Exists'");
  } else errors.notSupported(field, operator, operator === 'Lt' || operator === 'Gt' ? ['Equal', 'Exists', 'Lt', 'Gt'] : ['Equal', 'Exists']);
}

/** What a node keeps Pods away with; each key and effect once. */
export function checkTaints(errors: FieldErrors, path: string, taints: readonly V1Taint[] = []): void {
  const seen = new Set<string>();
  for (const [index, taint] of taints.entries()) {
    const here = `${path}[${index}]`;
    const { key = '', value = '', effect = '' } = taint;
    checkText(errors, `${here}.key`, key, qualifiedName);
    const wrong = labelValue(value);
    if (wrong.length > 0) errors.invalid(`${here}.value`, value, wrong.join(';'));
    if (effect === '') errors.required(`${here}.effect`);
    else if (!EFFECTS.includes(effect)) errors.notSupported(`${here}.effect`, effect, EFFECTS);
    const pair = `${key} ${effect}`;
    if (seen.has(pair)) errors.duplicate(here, taint, 'taints must be unique by key and effect pair');
    seen.add(pair);
  }
}
