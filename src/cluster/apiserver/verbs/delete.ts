import {
  type ApiRequest,
  type ApiResponse,
  badRequest,
  conflict,
  invalid,
  type KubeObject,
  type ResourceRef,
  type Status,
  type StatusCause,
  StatusError,
} from '#cluster/api';
import type { AdmissionRequest } from '../admission/types.ts';
import { type Context, mutable, timestamp } from '../context.ts';
import { keyOf, matcherOf, present, type Served, scopePrefix } from '../kinds.ts';
import { flag, wholeNumber } from './options.ts';
import { type Change, change, type Place } from './write.ts';

/** meta/v1 DeleteOptions, from the body or the query. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: string;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun: boolean;
  /** Whether the policy is one that nobody asked for. */
  readonly isUnasked?: true;
}

const POLICIES = ['Orphan', 'Background', 'Foreground'];
const FINALIZER = { Orphan: 'orphan', Foreground: 'foregroundDeletion' } as const;
const POD_GRACE_SECONDS = 30;
const PODS_LEFT =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

/** DELETE of one object: at once, or marked for those who must do something first (finalizers, the node agent of a Pod). */
export async function deleteOne(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const place: Place = { served, namespace: request.namespace, name: request.name ?? '' };
  const options = deleteOptions(request);
  await admitDeletion(context, place, request, options.dryRun);
  const { object, removed } = await deletePlace(context, place, options);
  const answer = !removed || answersObject(served.info) ? present(served, object) : success(served, object);
  const isToldOf = options.isUnasked && served.info.resource === 'jobs';
  return { kind: 'object', status: 200, object: answer, ...(isToldOf && { warnings: [PODS_LEFT] }) };
}

/** DELETE of a collection: of everything that the selectors match. */
export async function deleteCollection(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const options = deleteOptions(request);
  const matches = matcherOf(served, request.query);
  const collection = context.cache.collection(served.prefix);
  const items: KubeObject[] = [];
  for (const key of collection.keys(scopePrefix(served, request.namespace))) {
    const object = collection.get(key);
    if (!object || !matches(object)) continue;
    const place: Place = { served, namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
    await admitDeletion(context, place, request, options.dryRun);
    const deleted = await deletePlace(context, place, options).catch(ignoreNotFound);
    if (deleted) items.push(present(served, deleted.object));
  }
  const metadata = { resourceVersion: String(context.cache.revision) };
  return { kind: 'list', list: { apiVersion: served.apiVersion, kind: served.info.listKind, metadata, items } };
}

/** Errors: those of the plugins. */
async function admitDeletion(context: Context, { served, namespace, name }: Place, { user }: ApiRequest, dryRun: boolean): Promise<void> {
  const old = context.cache.get(keyOf(served, namespace, name));
  const request: AdmissionRequest = { operation: 'DELETE', served, subresource: undefined, namespace, name, object: undefined, old, user, dryRun };
  await context.admission.mutate(context, request);
  await context.admission.validate(context, request);
}

/** Somebody else deleted it in between: just as well. */
function ignoreNotFound(error: unknown): undefined {
  if (!(error instanceof StatusError && error.body.reason === 'NotFound')) throw error;
}

export async function deletePlace(context: Context, place: Place, options: DeleteOptions): Promise<{ object: KubeObject; removed: boolean }> {
  return await change(context, place, options.dryRun, (object) => {
    checkPreconditions(place, object, options);
    return decideDeletion(context, place.served, object, options);
  });
}

/** The body of a DELETE wins over its query. Errors: 400 for what is of another type, 422 for what can not be. */
function deleteOptions(request: ApiRequest): DeleteOptions {
  const body = (typeof request.body === 'object' && request.body !== null ? request.body : fromQuery(request.query)) as Record<string, unknown>; // read below
  const { gracePeriodSeconds: grace, orphanDependents: orphan, propagationPolicy, preconditions, dryRun = [] } = body;
  refuseType('gracePeriodSeconds', grace, Number.isInteger);
  refuseType('orphanDependents', orphan, (value) => typeof value === 'boolean');
  refuseType('propagationPolicy', propagationPolicy, (value) => typeof value === 'string');
  refuseType('dryRun', dryRun, Array.isArray);
  const values = [...(dryRun as readonly unknown[]), ...(request.query.dryRun === undefined ? [] : [request.query.dryRun])];
  checkDeletion(orphan, propagationPolicy, values);
  const asked = propagationPolicy ?? (typeof orphan === 'boolean' ? (orphan ? 'Orphan' : 'Background') : undefined);
  const policy = asked ?? (isOrphaning(request.resource) ? 'Orphan' : undefined);
  return {
    dryRun: values.length > 0,
    ...(policy !== undefined && asked === undefined && { isUnasked: true }),
    // Below 0 is as soon as can be.
    ...(typeof grace === 'number' ? { gracePeriodSeconds: grace < 0 ? 1 : grace } : {}),
    ...(typeof policy === 'string' ? { propagationPolicy: policy } : {}),
    ...(typeof preconditions === 'object' && preconditions !== null ? { preconditions: preconditions as NonNullable<DeleteOptions['preconditions']> } : {}),
  };
}

function fromQuery(query: ApiRequest['query']): Record<string, unknown> {
  const { orphanDependents, propagationPolicy } = query;
  return {
    gracePeriodSeconds: wholeNumber(query, 'gracePeriodSeconds'),
    orphanDependents: orphanDependents === undefined ? undefined : flag(query, 'orphanDependents'),
    propagationPolicy,
  };
}

function refuseType(field: string, value: unknown, isRight: (value: unknown) => boolean): void {
  if (value === undefined || value === null || isRight(value)) return;
  throw badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${field} can not be ${JSON.stringify(value)}`);
}

/** Errors: 422. */
function checkDeletion(orphan: unknown, policy: unknown, dryRun: readonly unknown[]): void {
  const causes: StatusCause[] = [];
  if (typeof policy === 'string' && typeof orphan === 'boolean') {
    const message = `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`;
    causes.push({ reason: 'FieldValueInvalid', field: 'propagationPolicy', message });
  }
  if (typeof policy === 'string' && !POLICIES.includes(policy)) {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`;
    causes.push({ reason: 'FieldValueNotSupported', field: 'propagationPolicy', message });
  }
  if (dryRun.some((one) => one !== 'All')) {
    const message = `Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`;
    causes.push({ reason: 'FieldValueNotSupported', field: 'dryRun', message });
  }
  if (causes.length > 0) throw invalid('DeleteOptions', 'meta.k8s.io', '', causes);
}

/** The oldest of what makes Pods: it leaves them behind unless one asks otherwise. */
function isOrphaning({ group, resource }: ResourceRef): boolean {
  return (group === 'batch' && resource === 'jobs') || (group === '' && resource === 'replicationcontrollers');
}

function checkPreconditions({ served, name }: Place, object: KubeObject, { preconditions }: DeleteOptions): void {
  const check = (what: string, why: string, wanted: string | undefined, found: string | undefined) => {
    if (wanted === undefined || wanted === found) return;
    const words = `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${why}`;
    // It is told by its kind, as Kubernetes has it here alone.
    throw conflict({ group: served.info.group, resource: served.info.kind }, name, words);
  };
  check('UID', 'deleted and then recreated', preconditions?.uid, object.metadata.uid);
  check('ResourceVersion', 'modified', preconditions?.resourceVersion, object.metadata.resourceVersion);
}

/** Pure but for the clock: what a deletion makes of the object. */
function decideDeletion(context: Context, served: Served, object: KubeObject, options: DeleteOptions): Change {
  if (served.info.group === '' && served.info.resource === 'namespaces') return decideNamespace(context, object);
  const grace_seconds = graceOf(served, object, options);
  const finalizers = finalizersAfter(served, object.metadata.finalizers ?? [], options.propagationPolicy);
  if (grace_seconds === 0 && finalizers.length === 0) return { remove: object };
  const marked = object.metadata.deletionTimestamp !== undefined;
  const next = mutable(object);
  if (finalizers.length > 0) next.metadata.finalizers = finalizers;
  else delete next.metadata.finalizers;
  const earlier = grace_seconds < (object.metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY);
  if (!marked || earlier) {
    next.metadata.deletionTimestamp = timestamp(context.clock, grace_seconds * 1000);
    next.metadata.deletionGracePeriodSeconds = grace_seconds;
  }
  if (!marked && next.metadata.generation !== undefined) next.metadata.generation += 1;
  return { put: next };
}

/** A namespace ends when the controller has emptied it and taken its own finalizer away. */
function decideNamespace(context: Context, object: KubeObject): Change {
  // Namespaces that are stored were validated: spec.finalizers is a list of texts.
  const namespace = object as KubeObject & { spec?: { finalizers?: string[] } };
  if ((namespace.spec?.finalizers ?? []).length === 0 && (object.metadata.finalizers ?? []).length === 0) return { remove: object };
  if (object.metadata.deletionTimestamp !== undefined) return { keep: object };
  const next: KubeObject & { status?: unknown } = mutable(object);
  next.metadata.deletionTimestamp = timestamp(context.clock);
  next.status = { ...((next.status as object | undefined) ?? {}), phase: 'Terminating' };
  return { put: next };
}

/** Only Pods that a node agent runs are given time. */
function graceOf(served: Served, object: KubeObject, options: DeleteOptions): number {
  if (served.info.group !== '' || served.info.resource !== 'pods') return 0;
  // Pods that are stored were validated.
  const pod = object as KubeObject & { spec?: { nodeName?: string; terminationGracePeriodSeconds?: number }; status?: { phase?: string } };
  if (!pod.spec?.nodeName || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return 0;
  return options.gracePeriodSeconds ?? object.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? POD_GRACE_SECONDS;
}

/** Nothing belongs to an Event, of either group. */
function finalizersAfter({ info }: Served, present: readonly string[], policy: string | undefined): string[] {
  if (policy === undefined || info.kind === 'Event') return [...present];
  const others = present.filter((finalizer) => finalizer !== FINALIZER.Orphan && finalizer !== FINALIZER.Foreground);
  return policy === 'Orphan' || policy === 'Foreground' ? [...others, FINALIZER[policy]] : others;
}

/** Kinds whose deletion is answered with what they were, by group; that of others with a Status. */
const ANSWER_OBJECT: Readonly<Record<string, (resource: string) => boolean>> = {
  '': (resource) => CORE_ANSWER_OBJECT.includes(resource),
  'resource.k8s.io': () => true,
  'storage.k8s.io': (resource) => resource !== 'csistoragecapacities',
};
const CORE_ANSWER_OBJECT = [
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
];

/** Whether who deletes such an object gets its last state; of the others he is told that it went well. */
export function answersObject({ group, resource }: Pick<ResourceRef, 'group' | 'resource'>): boolean {
  return ANSWER_OBJECT[group]?.(resource) ?? false;
}

function success(served: Served, object: KubeObject): Omit<Status, 'message' | 'reason' | 'code'> {
  const { name = '', uid = '' } = object.metadata;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(served.info.group === '' ? {} : { group: served.info.group }), kind: served.info.resource, uid },
  };
}
