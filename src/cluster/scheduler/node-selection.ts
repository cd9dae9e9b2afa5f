import {
  type LabelSelector,
  matchesLabels,
  type V1Node,
  type V1NodeSelector,
  type V1NodeSelectorRequirement,
  type V1NodeSelectorTerm,
  type V1Taint,
  type V1Toleration,
} from '#cluster/api';

/** Whether one of the terms chooses the node; a term with nothing in it chooses none. */
export function matchesNodeSelector({ nodeSelectorTerms }: V1NodeSelector, node: V1Node): boolean {
  return nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

export function matchesTerm({ matchExpressions = [], matchFields = [] }: V1NodeSelectorTerm, node: V1Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  const fields = { 'metadata.name': node.metadata.name ?? '' };
  return matchesLabels(matchExpressions.map(requirement), node.metadata.labels) && matchesLabels(matchFields.map(requirement), fields);
}

function requirement({ key, operator, values = [] }: V1NodeSelectorRequirement): LabelSelector[number] {
  switch (operator) {
    case 'In':
      return { key, operator: 'in', values };
    case 'NotIn':
      return { key, operator: 'notin', values };
    case 'Exists':
      return { key, operator: 'exists' };
    case 'DoesNotExist':
      return { key, operator: 'absent' };
    case 'Gt':
      return { key, operator: 'gt', value: Number(values[0]) };
    case 'Lt':
      return { key, operator: 'lt', value: Number(values[0]) };
    default:
      // An operator that there isn't chooses nothing.
      return { key, operator: 'in', values: [] };
  }
}

/** Whether the toleration covers the taint. */
export function tolerates(toleration: V1Toleration, taint: V1Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}
