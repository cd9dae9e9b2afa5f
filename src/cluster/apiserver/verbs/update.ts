import {
  type ApiRequest,
  type ApiResponse,
  badRequest,
  conflict,
  copyOf,
  invalid,
  namesRevision,
  type KubeObject,
  recountGeneration,
  type UserInfo,
  type V1Service,
  unforeseen,
  warningsOf,
} from '#cluster/api';
import type { AdmissionRequest } from '../admission/types.ts';
import { LOOPBACK } from '../auth/attributes.ts';
import { requireNoEscalation } from '../auth/rbac/escalation.ts';
import type { Context } from '../context.ts';
import { isDefinition, settleDefinition } from '../custom/settle.ts';
import { isResource, present, type Served } from '../kinds.ts';
import { isDryRun } from './options.ts';
import { tracked, type Writer, writerOf } from './track.ts';
import { alsoRefused, checkChanged, decodeBody, prepareChanged, toStorage } from './shape.ts';
import { type Change, change, type Outcome, type Place, STALE_WORDS } from './write.ts';

/** PUT of one object, or of its status alone. Errors: 400, 404, 409, 422. */
export async function update(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { object: body, warnings } = decodeBody(served, request);
  let old: KubeObject | undefined;
  const place: Place = { served, namespace: request.namespace, name: request.name ?? '' };
  const options = { dryRun: isDryRun(request.query), subresource: request.subresource, user: request.user, writer: writerOf(request) };
  const { object } = await alsoRefused(warnings, async () => {
    checkIdentity(served, place, body);
    return await replace(context, place, options, (before) => {
      if (request.subresource !== 'scale') requireRevision(place, body);
      checkRevision(place, before, body);
      old = before;
      return copyOf(body);
    });
  });
  const made = present(served, object);
  return { kind: 'object', status: 200, object: made, warnings: [...warnings, ...warningsOf(served.info, made, old, request.subresource)] };
}

export interface ReplaceOptions {
  readonly dryRun: boolean;
  /** As in `NewObject`. */
  readonly isTrusted?: boolean;
  /** `status` or `finalize`: only that part changes. */
  readonly subresource: string | undefined;
  /** Who does it; the server itself without one. */
  readonly user?: UserInfo;
  /** In whose name the fields are written; what is applied has its managers already. */
  readonly writer?: Writer;
}

/** Puts what `next` makes of the object (in the version of `place.served`; it may be kept and changed) in its place, with all that a write entails. */
export async function replace(context: Context, place: Place, options: ReplaceOptions, next: (before: KubeObject) => KubeObject): Promise<Outcome> {
  const { served, namespace } = place;
  const { subresource, dryRun } = options;
  const decide = async (stored: KubeObject): Promise<Change> => {
    const before = present(served, stored);
    const after = next(before);
    refuseChangedEnd(served, before, after);
    keepSystemFields(before, after);
    refuseNewFinalizers(place, before, after);
    const result = await complete(context, place, options, before, after);
    if (endsNow(stored, result)) return { remove: result };
    return { put: result, alongside: allocates(place, options) ? context.services.alongside() : [] };
  };
  const write = () => change(context, place, dryRun, decide);
  const target = { operation: 'UPDATE', served, subresource, namespace } as const;
  return await context.admission.hold(context, target, () => (allocates(place, options) ? context.services.run(write) : write()));
}

/** Everything that makes of a change what is stored: in Kubernetes' order. */
async function complete(context: Context, place: Place, options: ReplaceOptions, before: KubeObject, after: KubeObject): Promise<KubeObject> {
  const { served, namespace, name } = place;
  const { subresource, dryRun, user = LOOPBACK, writer } = options;
  const changed = prepareChanged(served, after, before, subresource);
  const object = writer === undefined ? changed : tracked(context, served, before, changed, writer);
  const request: AdmissionRequest = { operation: 'UPDATE', served, subresource, namespace, name, object, old: before, user, dryRun };
  await context.admission.mutate(context, request);
  // What was put back by it is no change.
  if (isResource(served, '', 'pods') && subresource === undefined) recountGeneration(served.info, object, before);
  // Decoded as Services, both of them.
  if (allocates(place, options)) context.services.allocate(object as V1Service, before as V1Service);
  if (options.isTrusted !== true) checkChanged(served, object, before, subresource);
  if (isDefinition(served)) settleDefinition(context, object);
  await context.admission.validate(context, request);
  requireNoEscalation(context.authorizer, served, object, before, user);
  return toStorage(served, object);
}

function allocates({ served }: Place, { subresource }: ReplaceOptions): boolean {
  return isResource(served, '', 'services') && subresource === undefined;
}

/** Whether the object is the one of the path. Errors: 400. */
export function checkIdentity(served: Served, { name, namespace }: Place, body: KubeObject): void {
  const { metadata } = body;
  if (!metadata.name) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== name) throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  if (!served.info.namespaced) return;
  if (metadata.namespace && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (namespace !== undefined) metadata.namespace = namespace;
}

/** Some kinds are put only in the place of a revision that is named. Errors: 422. */
function requireRevision({ served: { info }, name }: Place, { metadata: { resourceVersion = '' } }: KubeObject): void {
  if (!namesRevision(info) || (resourceVersion !== '' && resourceVersion !== '0')) return;
  const cause = { reason: 'FieldValueInvalid', message: 'Invalid value: 0: must be specified for an update', field: 'metadata.resourceVersion' };
  throw invalid(info.resource, info.group, name, [cause]);
}

export function checkRevision({ served, name }: Place, before: KubeObject, after: KubeObject): void {
  const { resourceVersion, uid } = after.metadata;
  if (uid && uid !== before.metadata.uid) {
    const key = `/registry/${served.storage.resource}/${before.metadata.namespace === undefined ? '' : `${before.metadata.namespace}/`}${name}`;
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`;
    throw conflict(served.info, name, `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`);
  }
  if (resourceVersion && isRevision(resourceVersion) && resourceVersion !== before.metadata.resourceVersion) throw conflict(served.info, name, STALE_WORDS);
}

/** Whether it names a revision: 0 is any. Errors: 500 for what is no number, as Kubernetes has it. */
function isRevision(text: string): boolean {
  if (!/^\d+$/.test(text)) throw unforeseen(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text) !== 0;
}

/** A patch says what is to be, not of which object it speaks. Errors: 422. */
export function refuseUid({ info }: Served, { metadata: { name = '', uid } }: KubeObject, before: KubeObject | undefined): void {
  if (uid === undefined || uid === before?.metadata.uid) return;
  throw invalid(info.kind, info.group, name, [
    { reason: 'FieldValueInvalid', field: 'metadata.uid', message: `Invalid value: ${JSON.stringify(uid)}: field is immutable` },
  ]);
}

/** Nobody but a delete says when an object goes. Errors: 422. */
function refuseChangedEnd({ info }: Served, before: KubeObject, after: KubeObject): void {
  const fields = (['deletionTimestamp', 'deletionGracePeriodSeconds'] as const).filter(
    (field) => after.metadata[field] !== undefined && after.metadata[field] !== before.metadata[field],
  );
  const causes = fields.map((field) => ({
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(after.metadata[field])}: field is immutable`,
    field: `metadata.${field}`,
  }));
  if (causes.length > 0) throw invalid(info.kind, info.group, before.metadata.name ?? '', causes);
}

/** What no client may change. */
function keepSystemFields(before: KubeObject, after: KubeObject): void {
  const from = before.metadata;
  const to = after.metadata;
  for (const field of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'resourceVersion',
    'generateName',
    'name',
    'namespace',
  ] as const) {
    // Each field is copied onto itself: the types of the two sides are the same one.
    if (from[field] === undefined) delete to[field];
    else Object.assign(to, { [field]: from[field] });
  }
}

interface WithParts extends KubeObject {
  spec?: { finalizers?: unknown };
  status?: unknown;
}

function refuseNewFinalizers({ served: { info }, name }: Place, before: KubeObject, after: KubeObject): void {
  if (before.metadata.deletionTimestamp === undefined) return;
  const added = (after.metadata.finalizers ?? []).filter((one) => !before.metadata.finalizers?.includes(one));
  if (added.length === 0) return;
  const list = `[]string{${added.map((one) => JSON.stringify(one)).join(', ')}}`;
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  throw invalid(info.kind, info.group, name, [{ reason: 'FieldValueForbidden', field: 'metadata.finalizers', message }]);
}

/** Whether this write took away the last thing that kept a deleted object. */
function endsNow(before: KubeObject, after: WithParts): boolean {
  if (before.metadata.deletionTimestamp === undefined || (after.metadata.finalizers ?? []).length > 0) return false;
  if ((before.metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  const own = after.kind === 'Namespace' && Array.isArray(after.spec?.finalizers) ? after.spec.finalizers : [];
  return own.length === 0;
}
