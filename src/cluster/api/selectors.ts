import { badRequest } from './errors.ts';

/** One condition on labels. */
export type LabelRequirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'absent' }
  | { readonly key: string; readonly operator: 'gt' | 'lt'; readonly value: number };
export type LabelSelector = readonly LabelRequirement[];
export type Labels = Readonly<Record<string, string>> | undefined;

/** Whether labels fulfil every requirement. */
export function matchesLabels(selector: LabelSelector, labels: Labels): boolean {
  return selector.every((requirement) => {
    const value = labels?.[requirement.key];
    switch (requirement.operator) {
      case 'in':
        return value !== undefined && requirement.values.includes(value);
      case 'notin':
        return value === undefined || !requirement.values.includes(value);
      case 'exists':
        return value !== undefined;
      case 'absent':
        return value === undefined;
      case 'gt':
        return value !== undefined && Number(value) > requirement.value;
      case 'lt':
        return value !== undefined && Number(value) < requirement.value;
    }
  });
}

/** A selector as objects carry it (meta/v1 LabelSelector). */
export interface ObjectSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

/** The requirements of an object's selector. Errors: 400 for an operator that there isn't. */
export function requirementsOf(selector: ObjectSelector): LabelSelector {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): LabelRequirement => ({ key, operator: 'in', values: [value] }));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }): LabelRequirement => {
    switch (operator) {
      case 'In':
        return { key, operator: 'in', values };
      case 'NotIn':
        return { key, operator: 'notin', values };
      case 'Exists':
        return { key, operator: 'exists' };
      case 'DoesNotExist':
        return { key, operator: 'absent' };
      default:
        throw badRequest(`"${operator}" is not a valid label selector operator: use In, NotIn, Exists or DoesNotExist`);
    }
  });
  return [...equal, ...expressions];
}

/** The text form of requirements, as the query parameter takes it. */
export function formatLabelSelector(selector: LabelSelector): string {
  return selector
    .map((requirement) => {
      switch (requirement.operator) {
        case 'in':
          return requirement.values.length === 1 ? `${requirement.key}=${requirement.values[0]}` : `${requirement.key} in (${requirement.values.join(',')})`;
        case 'notin':
          return requirement.values.length === 1
            ? `${requirement.key}!=${requirement.values[0]}`
            : `${requirement.key} notin (${requirement.values.join(',')})`;
        case 'exists':
          return requirement.key;
        case 'absent':
          return `!${requirement.key}`;
        case 'gt':
          return `${requirement.key}>${requirement.value}`;
        case 'lt':
          return `${requirement.key}<${requirement.value}`;
      }
    })
    .join(',');
}
