import { badRequest } from './errors.ts';
import type { KubeObject } from './types.ts';

/** One condition on labels. */
export type LabelRequirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'absent' }
  | { readonly key: string; readonly operator: 'gt' | 'lt'; readonly value: number };
export type LabelSelector = readonly LabelRequirement[];
export type Labels = Readonly<Record<string, string>> | undefined;

/** Parses `a=b,c in (d,e),!f,g>1` (the query parameter labelSelector). Errors: 400, with what could not be read. */
export function parseLabelSelector(text: string): LabelSelector {
  const parts = splitOutsideParentheses(text.trim());
  return parts.map((part) => parseRequirement(part.trim(), text));
}

function splitOutsideParentheses(text: string): string[] {
  if (text === '') return [];
  return text.split(/,(?![^(]*\))/);
}

const LABEL_KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?';
const LABEL_VALUE = '[-A-Za-z0-9_.]*';

function parseRequirement(part: string, whole: string): LabelRequirement {
  const set = new RegExp(`^(${LABEL_KEY})\\s+(in|notin)\\s*\\(([^()]*)\\)$`).exec(part);
  if (set) {
    return { key: set[1] ?? '', operator: set[2] === 'in' ? 'in' : 'notin', values: (set[3] ?? '').split(',').map((value) => value.trim()) };
  }
  const equality = new RegExp(`^(${LABEL_KEY})\\s*(==?|!=)\\s*(${LABEL_VALUE})$`).exec(part);
  if (equality) return { key: equality[1] ?? '', operator: equality[2] === '!=' ? 'notin' : 'in', values: [equality[3] ?? ''] };
  const order = new RegExp(`^(${LABEL_KEY})\\s*([<>])\\s*(-?\\d+)$`).exec(part);
  if (order) return { key: order[1] ?? '', operator: order[2] === '>' ? 'gt' : 'lt', value: Number(order[3]) };
  const existence = new RegExp(`^(!?)\\s*(${LABEL_KEY})$`).exec(part);
  if (existence) return { key: existence[2] ?? '', operator: existence[1] === '!' ? 'absent' : 'exists' };
  throw badRequest(
    `unable to parse requirement "${part}" of the label selector "${whole}": write key=value, key!=value, key in (a,b), key notin (a,b), key or !key, joined by commas`,
  );
}

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

export interface FieldRequirement {
  readonly path: string;
  readonly value: string;
  readonly negated: boolean;
}

const EVERY_KIND = ['metadata.name', 'metadata.namespace'];
/** Fields that can be selected by, besides name and namespace. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  Pod: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  Event: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  Job: ['status.successful'],
  Namespace: ['status.phase'],
  Node: ['spec.unschedulable'],
  ReplicaSet: ['status.replicas'],
  ReplicationController: ['status.replicas'],
  Secret: ['type'],
  Service: ['spec.clusterIP', 'spec.type'],
};

/** Parses `a.b=c,d!=e` (the query parameter fieldSelector). `ofKind` names what a kind can be selected by that is not known here. Errors: 400 for a field that the kind can't be selected by. */
export function parseFieldSelector(kind: string, text: string, ofKind: readonly string[] = SELECTABLE[kind] ?? []): readonly FieldRequirement[] {
  if (text.trim() === '') return [];
  return text.split(',').map((part) => {
    const match = /^\s*([\w.]+)\s*(==?|!=)\s*(.*?)\s*$/.exec(part);
    if (match === null) throw badRequest(`invalid field selector "${part}": write field=value or field!=value, joined by commas`);
    const path = match[1] ?? '';
    const known = [...EVERY_KIND, ...ofKind];
    if (!known.includes(path)) throw badRequest(`field label not supported: ${path}; ${kind} can be selected by ${known.join(', ')}`);
    return { path, value: match[3] ?? '', negated: match[2] === '!=' };
  });
}

/** Whether the object's fields are as required; a field that isn't there reads as empty. */
export function matchesFields(requirements: readonly FieldRequirement[], object: KubeObject): boolean {
  return requirements.every(({ path, value, negated }) => (fieldText(object, path) === value) !== negated);
}

/** What a field that isn't there reads as, where that is not empty. */
const UNSAID: Readonly<Record<string, string>> = {
  'spec.unschedulable': 'false',
  'spec.hostNetwork': 'false',
  'status.replicas': '0',
  'status.succeeded': '0',
};

function fieldText(object: unknown, wanted: string): string {
  // A Job's count goes by another name here.
  const path = wanted === 'status.successful' ? 'status.succeeded' : wanted;
  let value = object;
  for (const part of path.split('.')) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  if (value === undefined || value === null) return UNSAID[path] ?? '';
  return String(value);
}
