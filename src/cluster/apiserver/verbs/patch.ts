import { type ApiRequest, type ApiResponse, jsonPatch, type KubeObject, mergePatch, strategicMergePatch, warningsOf } from '#cluster/api';
import type { Context } from '../context.ts';
import { unsupportedMediaType } from '../errors.ts';
import { present, type Served } from '../kinds.ts';
import { applyRequest } from './apply.ts';
import { isDryRun } from './options.ts';
import { alsoRefused, decodeBody } from './shape.ts';
import { writerOf } from './track.ts';
import { checkRevision, replace } from './update.ts';
import type { Place } from './write.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';
const APPLY_CBOR = 'application/apply-patch+cbor';
const ACCEPTED = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH, APPLY_CBOR];

/** PATCH of one object, or of its status alone. A patch without resourceVersion goes on top of whatever stands there. Errors: 400, 404, 409, 415, 422. */
export async function patch(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  if (request.contentType === APPLY_PATCH || request.contentType === APPLY_CBOR) return await applyRequest(context, served, request);
  const place: Place = { served, namespace: request.namespace, name: request.name ?? '' };
  const warnings: string[] = [];
  let old: KubeObject | undefined;
  const options = { dryRun: isDryRun(request.query), subresource: request.subresource, user: request.user, writer: writerOf(request) };
  const next = (before: KubeObject) => {
    const decoded = decodeBody(served, request, patchBody(before, request, served));
    warnings.splice(0, Infinity, ...decoded.warnings);
    old = before;
    checkRevision(place, before, decoded.object);
    return decoded.object;
  };
  const { object } = await alsoRefused(warnings, () => replace(context, place, options, next));
  const made = present(served, object);
  return { kind: 'object', status: 200, object: made, warnings: [...warnings, ...warningsOf(served.info, made, old, request.subresource)] };
}

/** The object with the request's patch on it; `before` stays as it is. Without `served` lists are not merged by their keys. */
export function patchBody(before: KubeObject, { contentType, body }: ApiRequest, served?: Served): unknown {
  switch (contentType) {
    case JSON_PATCH:
      return jsonPatch(before, body);
    case MERGE_PATCH:
      return mergePatch(before, body);
    case STRATEGIC_PATCH:
      // What has no list of merge keys would lose items silently.
      if (served?.info.custom !== undefined) throw unsupportedMediaType(contentType, [JSON_PATCH, MERGE_PATCH, APPLY_PATCH]);
      return served ? strategicMergePatch(served.info, before, body) : mergePatch(before, body);
    default:
      throw unsupportedMediaType(contentType ?? '', ACCEPTED);
  }
}
