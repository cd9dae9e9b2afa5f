import type { ObjectSelector } from './selectors.ts';

/** An object's selector as a line, as the query parameter takes it: by keys, each requirement as it was written. Empty where it asks for nothing. */
export function objectSelectorText({ matchLabels = {}, matchExpressions = [] }: ObjectSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => [key, `${key}=${value}`] as const);
  const others = matchExpressions.map(({ key, operator, values = [] }) => [key, expressionText(key, operator, values)] as const);
  return [...equal, ...others]
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',');
}

function expressionText(key: string, operator: string, values: readonly string[]): string {
  if (operator === 'Exists') return key;
  if (operator === 'DoesNotExist') return `!${key}`;
  return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.toSorted().join(',')})`;
}
