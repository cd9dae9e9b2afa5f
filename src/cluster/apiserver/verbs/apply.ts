import { type ApiRequest, type ApiResponse, type ApplyOptions, applyPatch, badRequest, type KubeObject, warningsOf } from '#cluster/api';
import { attributesOf } from '../auth/attributes.ts';
import { type Context, timestamp } from '../context.ts';
import { keyOf, present, type Served } from '../kinds.ts';
import { createObject } from './create.ts';
import { isDryRun } from './options.ts';
import { alsoRefused, decodeBody, settled } from './shape.ts';
import { checkRevision, replace } from './update.ts';
import { isForced } from './write-options.ts';
import type { Place } from './write.ts';

/** PATCH as server-side apply: makes the object where there is none. Errors: 400, 403, 404 (of a subresource), 409 with the conflicting fields, 422. */
export async function applyRequest(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { query, subresource, namespace, name = '', user } = request;
  const { object: applied, warnings } = decodeBody(served, request, request.body, true);
  settleName(applied, name);
  const options: ApplyOptions = {
    manager: query.fieldManager ?? '',
    force: isForced(query),
    time: timestamp(context.clock),
    ...(subresource === undefined ? {} : { subresource }),
  };
  const dryRun = isDryRun(query);
  if (subresource === undefined && context.cache.get(keyOf(served, namespace, name)) === undefined) {
    // Whoever may patch may not make, unless he may that too.
    context.authorizer.require(user, attributesOf(request, 'create'));
    const object = settled(served, applyPatch(served.info, undefined, applied, options));
    const made = present(served, await alsoRefused(warnings, () => createObject(context, served, { object, namespace, dryRun, user })));
    return { kind: 'object', status: 201, object: made, warnings: [...warnings, ...warningsOf(served.info, made)] };
  }
  const place: Place = { served, namespace, name };
  let old: KubeObject | undefined;
  const next = (before: KubeObject) => {
    checkRevision(place, before, applied);
    old = before;
    return settled(served, applyPatch(served.info, before, applied, options));
  };
  const { object } = await alsoRefused(warnings, () => replace(context, place, { dryRun, subresource, user }, next));
  const made = present(served, object);
  return { kind: 'object', status: 200, object: made, warnings: [...warnings, ...warningsOf(served.info, made, old, subresource)] };
}

function settleName(applied: KubeObject, name: string): void {
  applied.metadata.name ??= name;
  if (applied.metadata.name !== name) throw badRequest(`the name of the object (${applied.metadata.name}) does not match the name on the URL (${name})`);
}
