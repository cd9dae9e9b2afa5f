import {
  type ApiRequest,
  type ApiResponse,
  applyPatch,
  badRequest,
  conflict,
  type KubeObject,
  matchesLabels,
  notFound,
  type ObjectSelector,
  requirementsOf,
  unforeseen,
} from '#cluster/api';
import { collectionPrefix } from '../cache/keys.ts';
import { type Context, mutable, timestamp } from '../context.ts';
import { evictionRefused, methodNotAllowed, noSuchPath } from '../errors.ts';
import { present, type Served } from '../kinds.ts';
import { explainPod } from '../why/explain-pod.ts';
import { deletePlace } from './delete.ts';
import { checkApplied } from './apply.ts';
import { get } from './get.ts';
import { isDryRun } from './options.ts';
import { patch, patchBody } from './patch.ts';
import { isApplyType, requirePatchType } from './patch-types.ts';
import { type Scale, scaleOf, withScale } from './scale.ts';
import { writerOf } from './track.ts';
import { checkRevision, replace, update } from './update.ts';
import { isForced } from './write-options.ts';
import { change, current, type Place } from './write.ts';

/** Requests that end in `/status`, `/scale`, `/binding`, `/eviction`, `/finalize`, `/why`. What streams is served at the edge. */
export async function handleSubresource(context: Context, served: Served, request: ApiRequest, subresource: string): Promise<ApiResponse> {
  if (!served.info.subresources.includes(subresource) || request.name === undefined) throw noSuchPath();
  const { verb } = request;
  switch (subresource) {
    case 'status':
    case 'ephemeralcontainers':
    case 'resize':
      if (verb === 'get') return await get(context, served, request);
      if (verb === 'update') return await update(context, served, request);
      if (verb === 'patch') return await patch(context, served, request);
      break;
    case 'why':
      return await explainPod(context, served, request);
    case 'finalize':
      if (verb === 'update') return await update(context, served, request);
      break;
    case 'scale':
      if (verb === 'get' || verb === 'update' || verb === 'patch') return await scale(context, served, request);
      break;
    case 'binding':
      if (verb === 'create') return await bind(context, served, request);
      break;
    case 'eviction':
      if (verb === 'create') return await evict(context, served, request);
      break;
    default:
  }
  throw methodNotAllowed();
}

async function scale(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const place = placeOf(served, request);
  if (request.verb === 'get') return { kind: 'object', status: 200, object: scaleOf(present(served, current(context, place)), served.info.custom?.scale) };
  if (request.verb === 'patch') requirePatchType(served, request.contentType);
  const isApply = request.verb === 'patch' && isApplyType(request.contentType);
  if (isApply) checkApplied(SCALE, request.body);
  const writer = isApply ? {} : { writer: writerOf(request) };
  const options = { dryRun: isDryRun(request.query), subresource: undefined, user: request.user, ...writer };
  const { object } = await replace(context, place, options, (before) => {
    if (isApply) return applyScale(served, before, request, timestamp(context.clock));
    const shown = scaleOf(before, served.info.custom?.scale);
    // A patched Scale is read field by field below and in `withScale`.
    const wanted = (request.verb === 'patch' ? patchBody(shown, request) : request.body) as Scale | undefined;
    checkScale(place, wanted);
    checkRevision(place, before, { ...before, metadata: wanted?.metadata ?? {} });
    return withScale(before, wanted, served.info.custom?.scale);
  });
  return { kind: 'object', status: 200, object: scaleOf(present(served, object), served.info.custom?.scale) };
}

const SCALE = { apiVersion: 'autoscaling/v1', info: { kind: 'Scale' } };

/** Whether it is a Scale, and that of the path. Errors: 400. */
function checkScale({ name }: Place, wanted: Partial<Scale> | undefined): void {
  const { apiVersion = SCALE.apiVersion, kind = SCALE.info.kind, metadata } = wanted ?? {};
  if (apiVersion !== SCALE.apiVersion || kind !== SCALE.info.kind)
    throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a Scale: a Scale of autoscaling/v1 is wanted`);
  if (metadata?.name !== name && metadata?.name !== undefined)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
}

/** The replicas as a field that is applied through the Scale. Errors: 400, 409, 422. */
function applyScale(served: Served, before: KubeObject, { body, query }: ApiRequest, time: string): KubeObject {
  const custom = served.info.custom?.scale;
  const { name = '' } = before.metadata;
  const bare: KubeObject = { apiVersion: before.apiVersion, kind: before.kind, metadata: { name } };
  const said = (body as Partial<Scale>).spec?.replicas; // `checkApplied` saw a Scale
  const applied = said === undefined ? bare : withScale(bare, body, custom);
  return applyPatch(served.info, before, applied, { manager: query.fieldManager ?? '', force: isForced(query), time, subresource: 'scale' });
}

interface Binding {
  readonly metadata?: { readonly name?: string; readonly uid?: string; readonly annotations?: Record<string, string> };
  readonly target?: { readonly kind?: string; readonly name?: string };
}
interface Pod extends KubeObject {
  spec: { nodeName?: string; schedulingGates?: readonly unknown[] };
  status?: { conditions?: { type: string; status: string; lastTransitionTime?: string }[]; phase?: string };
}

/** The scheduler's word: the Pod runs on that node. Errors: 400, 404, 409 when it was bound before or is going. */
async function bind(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const place = placeOf(served, request);
  // Read field by field below.
  const { metadata, target } = (request.body ?? {}) as Binding;
  const node = target?.name;
  if (metadata?.name && metadata.name !== place.name) throw badRequest('name in URL does not match name in Binding object');
  if (target?.kind && target.kind !== 'Node')
    throw unforeseen(`target.kind: Unsupported value: ${JSON.stringify(target.kind)}: supported values: "Node", "<empty>"`);
  if (!node) throw unforeseen('target.name: Required value');
  const binding = { ...served.info, resource: 'pods/binding' };
  await change(context, place, isDryRun(request.query), (stored) => {
    if (metadata?.uid && metadata.uid !== stored.metadata.uid)
      throw conflict(served.info, place.name, `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${stored.metadata.uid}`);
    if (stored.metadata.deletionTimestamp) throw conflict(binding, place.name, `pod ${place.name} is being deleted, cannot be assigned to a host`);
    // Stored Pods were validated.
    const pod = mutable(stored) as Pod;
    if (pod.spec.nodeName) throw conflict(binding, place.name, `pod ${place.name} is already assigned to node "${pod.spec.nodeName}"`);
    if (pod.spec.schedulingGates?.length) throw conflict(binding, place.name, `pod ${place.name} has non-empty .spec.schedulingGates`);
    pod.spec.nodeName = node;
    if (metadata?.annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...metadata.annotations };
    const others = (pod.status?.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled');
    pod.status = { ...pod.status, conditions: [...others, { type: 'PodScheduled', status: 'True', lastTransitionTime: timestamp(context.clock) }] };
    return { put: pod };
  });
  return { kind: 'object', status: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

interface Eviction {
  readonly metadata?: { readonly name?: string };
  readonly deleteOptions?: {
    readonly gracePeriodSeconds?: number;
    readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
    readonly dryRun?: unknown;
  };
}
interface Budget extends KubeObject {
  spec?: { selector?: ObjectSelector; unhealthyPodEvictionPolicy?: string };
  status?: { disruptionsAllowed?: number; currentHealthy?: number; desiredHealthy?: number };
}

/** A deletion that PodDisruptionBudgets may refuse. Errors: 404, 429. */
async function evict(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const place = placeOf(served, request);
  // Read field by field below.
  const body = (request.body ?? {}) as Eviction;
  if (body.metadata?.name !== undefined && body.metadata.name !== place.name) throw badRequest('name in URL does not match name in Eviction object');
  const dryRun = isDryRun(request.query, body.deleteOptions);
  const pod = current(context, place) as Pod;
  const budgets = budgetsOf(context, pod);
  const [budget] = budgets;
  if (budget && isCounted(pod)) {
    if (budgets.length > 1) throw unforeseen('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    if (!mayGoUnhealthy(budget, pod)) await takeDisruption(context, budget, dryRun);
  }
  await deletePlace(context, place, { ...body.deleteOptions, dryRun });
  return { kind: 'object', status: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

/** Whether the Pod's end is one of those that budgets count: it runs, and is not going already. */
const isCounted = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined && !['Succeeded', 'Failed', 'Pending'].includes(status?.phase ?? '');

/** A Pod that is not ready serves nobody: it goes where the budget says so, or where enough others are healthy. */
function mayGoUnhealthy({ spec, status }: Budget, pod: Pod): boolean {
  if (pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true) return false;
  const { currentHealthy = 0, desiredHealthy = 0 } = status ?? {};
  return spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' || (currentHealthy >= desiredHealthy && desiredHealthy > 0);
}

function budgetsOf(context: Context, pod: Pod): Budget[] {
  const prefix = `${collectionPrefix({ group: 'policy', resource: 'poddisruptionbudgets' })}${pod.metadata.namespace}/`;
  const collection = context.cache.collection(collectionPrefix({ group: 'policy', resource: 'poddisruptionbudgets' }));
  const all = collection.keys(prefix).map((key) => collection.get(key) as Budget | undefined);
  return all.filter(
    (budget): budget is Budget => budget?.spec?.selector !== undefined && matchesLabels(requirementsOf(budget.spec.selector), pod.metadata.labels),
  );
}

/** Takes one of the allowed disruptions, so that two evictions at once don't both have the last. */
async function takeDisruption(context: Context, budget: Budget, dryRun: boolean): Promise<void> {
  const key = `${collectionPrefix({ group: 'policy', resource: 'poddisruptionbudgets' })}${budget.metadata.namespace}/${budget.metadata.name}`;
  await context.writes.run(key, async () => {
    const now = context.cache.get(key) as Budget | undefined;
    if (!now) throw notFound({ group: 'policy', resource: 'poddisruptionbudgets' }, budget.metadata.name ?? '');
    const allowed = now.status?.disruptionsAllowed ?? 0;
    if (allowed < 1) throw evictionRefused(`The disruption budget ${budget.metadata.name} needs all its healthy pods now`);
    if (dryRun) return;
    const next = mutable(now);
    next.status = { ...next.status, disruptionsAllowed: allowed - 1 };
    await context.cache.put(key, next, Number(now.metadata.resourceVersion));
  });
}

function placeOf(served: Served, request: ApiRequest): Place {
  return { served, namespace: request.namespace, name: request.name ?? '' };
}
