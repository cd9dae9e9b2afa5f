import {
  type ApiRequest,
  type ApiResponse,
  type ApplyOptions,
  applyPatch,
  badRequest,
  decode,
  type Decoded,
  type KubeObject,
  untyped,
  warningsOf,
} from '#cluster/api';
import { attributesOf } from '../auth/attributes.ts';
import { type Context, timestamp } from '../context.ts';
import { keyOf, present, type Served } from '../kinds.ts';
import { createObject } from './create.ts';
import { isDryRun } from './options.ts';
import { alsoRefused, decodeBody, settled } from './shape.ts';
import { checkIdentity, checkRevision, refuseUid, replace } from './update.ts';
import { isForced } from './write-options.ts';
import type { Place } from './write.ts';

/** PATCH as server-side apply: makes the object where there is none. Errors: 400, 403, 404 (of a subresource), 409 with the conflicting fields, 422. */
export async function applyRequest(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { query, subresource, namespace, name = '', user } = request;
  const place: Place = { served, namespace, name };
  checkApplied(served, request.body);
  const { object: applied, warnings } = decodeApplied(served, request);
  applied.metadata.name ??= name;
  const isPlaced = applied.metadata.namespace !== undefined;
  checkIdentity(served, place, applied);
  // What kubectl is told that it applied has no more than it said.
  if (!isPlaced) delete applied.metadata.namespace;
  const options: ApplyOptions = {
    manager: query.fieldManager ?? '',
    force: isForced(query),
    time: timestamp(context.clock),
    ...(subresource === undefined ? {} : { subresource }),
  };
  const dryRun = isDryRun(query);
  const apply = (live: KubeObject | undefined) => applyBody(served, request.body, live, applied, options);
  if (subresource === undefined && context.cache.get(keyOf(served, namespace, name)) === undefined) {
    refuseUid(served, applied, undefined);
    delete applied.metadata.resourceVersion;
    // Whoever may patch may not make, unless he may that too.
    context.authorizer.require(user, attributesOf(request, 'create'));
    const create = async () => await createObject(context, served, { object: apply(undefined), namespace, dryRun, user });
    const made = present(served, await alsoRefused(warnings, create));
    return { kind: 'object', status: 201, object: made, warnings: [...warnings, ...warningsOf(served.info, made)] };
  }
  let old: KubeObject | undefined;
  const next = (before: KubeObject) => {
    refuseUid(served, applied, before);
    checkRevision(place, before, applied);
    old = before;
    return apply(before);
  };
  const { object } = await alsoRefused(warnings, () => replace(context, place, { dryRun, subresource, user }, next));
  const made = present(served, object);
  return { kind: 'object', status: 200, object: made, warnings: [...warnings, ...warningsOf(served.info, made, old, subresource)] };
}

/** Also what is said to be empty, or null, is whose who says it, though no object keeps it. */
function applyBody(served: Served, body: unknown, live: KubeObject | undefined, applied: KubeObject, options: ApplyOptions): KubeObject {
  if (served.info.custom !== undefined || !saysNothing(body)) return settled(served, applyPatch(served.info, live, applied, options));
  // A body that was decoded: an object, whose metadata is one.
  const said = { ...(body as KubeObject), metadata: { ...(body as KubeObject).metadata, ...applied.metadata } };
  return settled(served, applyPatch(served.info, live, said, options));
}

function saysNothing(value: unknown): boolean {
  if (typeof value !== 'object') return false;
  const parts = value === null ? [] : Object.values(value);
  return parts.length === 0 || parts.some(saysNothing);
}

/** What is applied must say what it is, and nothing of managers. Errors: 400. */
export function checkApplied({ apiVersion: wanted, info }: Pick<Served, 'apiVersion'> & { readonly info: { readonly kind: string } }, body: unknown): void {
  const { apiVersion = '', kind = '', metadata } = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>; // looked at below
  const version = String(apiVersion).includes('/') ? String(apiVersion) : `/${String(apiVersion)}`;
  if (apiVersion !== wanted || kind !== info.kind) throw badRequest(`invalid object type: ${version}, Kind=${String(kind)}`);
  if (typeof metadata === 'object' && metadata !== null && 'managedFields' in metadata && metadata.managedFields !== null)
    throw badRequest('metadata.managedFields must be nil');
}

/** Errors: 500 for a field that there is not, however fields are to be validated: nobody could own it. */
function decodeApplied(served: Served, request: ApiRequest): Decoded {
  const decoded = decode(served.info, request.body, { fieldValidation: 'Warn' });
  const unknown = decoded.warnings.map((warning) => `.${warning.slice('unknown field "'.length, -1)}: field not declared in schema`);
  if (unknown.length > 0)
    throw untyped(served.info, decoded.object, unknown.length === 1 ? unknown.join('') : `errors:\n${unknown.map((one) => `  ${one}`).join('\n')}`);
  return decodeBody(served, request, request.body, { asWritten: true });
}
