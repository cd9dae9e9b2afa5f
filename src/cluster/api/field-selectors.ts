import { badRequest } from './errors.ts';
import type { KubeObject } from './types.ts';

/** One condition on a field; `path` names the field as the object carries it. */
export interface FieldRequirement {
  readonly path: string;
  readonly value: string;
  readonly negated: boolean;
}
/** What is chosen from: a kind, and the fields that its definition lets it be selected by. */
export interface SelectedKind {
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly custom?: { readonly selectable: readonly string[] } | undefined;
}

const NAME = 'metadata.name';
const NAMESPACE = 'metadata.namespace';
const involved = (field: string) => ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map((part) => `${field}.${part}`);

/** By what each kind can be selected (Kubernetes' documentation, "Field Selectors"); the others by name and namespace alone. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  '/Pod': [
    NAME,
    NAMESPACE,
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  '/Event': [NAME, NAMESPACE, ...involved('involvedObject'), 'reason', 'reportingComponent', 'source', 'type'],
  'events.k8s.io/Event': [NAME, NAMESPACE, ...involved('regarding'), 'reason', 'reportingController', 'type'],
  '/Namespace': [NAME, 'status.phase'],
  '/Node': [NAME, 'spec.unschedulable'],
  '/ReplicationController': [NAME, NAMESPACE, 'status.replicas'],
  '/Secret': [NAME, NAMESPACE, 'type'],
  '/Service': [NAME, NAMESPACE, 'spec.clusterIP', 'spec.type'],
  'batch/Job': [NAME, NAMESPACE, 'status.successful'],
  'certificates.k8s.io/CertificateSigningRequest': [NAME, 'spec.signerName'],
  'certificates.k8s.io/ClusterTrustBundle': [NAME, 'spec.signerName'],
  'certificates.k8s.io/PodCertificateRequest': [NAME, NAMESPACE, 'spec.signerName', 'spec.podName', 'spec.nodeName'],
  'resource.k8s.io/ResourceSlice': [NAME, 'spec.nodeName', 'spec.driver'],
};
/** Names that a field is asked for by and that are not the field's own. */
const OTHER_NAMES: Readonly<Record<string, string>> = { 'spec.host': 'spec.nodeName' };
/** What a field that isn't there reads as, where that isn't the empty text. */
const ABSENT: Readonly<Record<string, string>> = {
  'spec.unschedulable': 'false',
  'spec.hostNetwork': 'false',
  'status.replicas': '0',
  'status.successful': '0',
};

/**
 * Parses `a.b=c,d!=e` (the query parameter fieldSelector); a backslash takes the meaning of `,`, `=` and itself away. Errors: 400 for a field
 * that the kind can't be selected by, and for text that can't be read.
 */
export function parseFieldSelector(kind: SelectedKind, text: string): readonly FieldRequirement[] {
  return splitTerms(text).map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    return { path: supported(kind, field), value: unescaped(value), negated: operator === '!=' };
  });
}

function splitTerms(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []).filter((term) => term !== '');
}

function unescaped(value: string): string {
  const wrong = /^(?:\\[\\,=]|[^\\,=])*/s.exec(value)?.[0].length ?? 0;
  if (wrong === value.length) return value.replaceAll(/\\(.)/gs, '$1');
  if (value[wrong] === '\\') throw badRequest(`invalid field selector: invalid escape sequence: ${value.slice(wrong, wrong + 2)}`);
  throw badRequest(`invalid field selector: unescaped character in value: ${value[wrong]}`);
}

/** The field's path. Errors: 400 in Kubernetes' words, which differ between kinds that have fields of their own and those that don't. */
function supported(kind: SelectedKind, asked: string): string {
  if (kind.custom !== undefined) {
    const own = [NAME, ...(kind.namespaced ? [NAMESPACE] : []), ...kind.custom.selectable];
    if (own.includes(asked)) return asked;
    throw badRequest(`field label not supported: ${asked}`);
  }
  const fields = SELECTABLE[`${kind.group}/${kind.kind}`];
  if (fields === undefined) {
    if (asked === NAME || asked === NAMESPACE) return asked;
    throw badRequest(`"${asked}" is not a known field selector: only "${NAME}", "${NAMESPACE}"`);
  }
  const field = (kind.kind === 'Pod' ? OTHER_NAMES[asked] : undefined) ?? asked;
  if (fields.includes(field)) return field;
  if (kind.group === 'batch') throw badRequest(`field label "${asked}" not supported for ${kind.kind}`);
  throw badRequest(`field label not supported: ${asked}`);
}

/** Whether the object's fields are as required; a field that isn't there reads as empty. */
export function matchesFields(requirements: readonly FieldRequirement[], object: KubeObject): boolean {
  return requirements.every(({ path, value, negated }) => (fieldText(object, path) === value) !== negated);
}

function fieldText(object: KubeObject, path: string): string {
  if (path === 'source') return valueAt(object, 'source.component') || valueAt(object, 'reportingComponent');
  return valueAt(object, path === 'status.successful' ? 'status.succeeded' : path) || (ABSENT[path] ?? '');
}

function valueAt(object: unknown, path: string): string {
  let value = object;
  for (const part of path.split('.')) value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
