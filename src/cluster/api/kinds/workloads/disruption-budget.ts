import type { V1PodDisruptionBudget } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import { checkChoice } from '../../validation/choices.ts';
import { checkConditions } from '../../validation/conditions.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkAtMostAll, checkIntOrPercent, checkNoneNegative } from '../../validation/numbers.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, pathSegment } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

function validate(errors: FieldErrors, { spec = {} }: V1PodDisruptionBudget): void {
  const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    errors.invalid(
      'spec',
      {
        MinAvailable: minAvailable,
        Selector: selector ?? null,
        MaxUnavailable: maxUnavailable,
        UnhealthyPodEvictionPolicy: unhealthyPodEvictionPolicy ?? null,
      },
      'minAvailable and maxUnavailable cannot be both set',
    );
  for (const field of ['minAvailable', 'maxUnavailable'] as const) {
    checkIntOrPercent(errors, `spec.${field}`, spec[field]);
    checkAtMostAll(errors, `spec.${field}`, spec[field]);
  }
  checkLabelSelector(errors, 'spec.selector', selector);
  checkChoice(errors, 'spec.unhealthyPodEvictionPolicy', unhealthyPodEvictionPolicy, ['AlwaysAllow', 'IfHealthyBudget'], false);
}

function validateStatus(errors: FieldErrors, { status = {} }: V1PodDisruptionBudget): void {
  checkConditions(errors, 'status.conditions', status.conditions);
  checkNoneNegative(errors, 'status', status, ['disruptionsAllowed', 'currentHealthy', 'desiredHealthy', 'expectedPods']);
}

export const DISRUPTION_BUDGET = strategy<V1PodDisruptionBudget>({
  counted: true,
  prepareCreate: (budget) => {
    budget.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  },
  validateName: (errors, field, name) => checkText(errors, field, name, pathSegment),
  validate,
  validateStatus,
  columns: [
    nameColumn,
    column<V1PodDisruptionBudget>('Min Available', ({ spec }) => String(spec?.minAvailable ?? 'N/A')),
    column<V1PodDisruptionBudget>('Max Unavailable', ({ spec }) => String(spec?.maxUnavailable ?? 'N/A')),
    column<V1PodDisruptionBudget>('Allowed Disruptions', ({ status }) => status?.disruptionsAllowed ?? 0, 0, 'integer'),
    ageColumn,
  ],
});
