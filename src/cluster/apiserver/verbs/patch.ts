import {
  type ApiRequest,
  type ApiResponse,
  type Decoded,
  goText,
  invalid,
  jsonPatch,
  type KubeObject,
  mergePatch,
  StatusError,
  strategicMergePatch,
  warningsOf,
} from '#cluster/api';
import type { Context } from '../context.ts';
import { unsupportedMediaType } from '../errors.ts';
import { present, type Served } from '../kinds.ts';
import { applyRequest } from './apply.ts';
import { isDryRun } from './options.ts';
import { alsoRefused, decodeBody } from './shape.ts';
import { isApplyType, JSON_PATCH, MERGE_PATCH, PATCH_TYPES, requirePatchType, STRATEGIC_PATCH } from './patch-types.ts';
import { writerOf } from './track.ts';
import { checkIdentity, checkRevision, refuseUid, replace } from './update.ts';
import type { Place } from './write.ts';

/** PATCH of one object, or of its status alone. A patch without resourceVersion goes on top of whatever stands there. Errors: 400, 404, 409, 415, 422. */
export async function patch(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  requirePatchType(served, request.contentType);
  if (isApplyType(request.contentType)) return await applyRequest(context, served, request);
  const place: Place = { served, namespace: request.namespace, name: request.name ?? '' };
  const warnings: string[] = [];
  let old: KubeObject | undefined;
  const options = { dryRun: isDryRun(request.query), subresource: request.subresource, user: request.user, writer: writerOf(request) };
  const next = (before: KubeObject) => {
    // Of a status nothing else is changed, so that nothing else is read again.
    const known = request.subresource === 'status' ? before : undefined;
    const decoded = decodePatched(served, request, patchBody(before, request, served), known);
    warnings.splice(0, Infinity, ...decoded.warnings);
    old = before;
    checkIdentity(served, place, decoded.object);
    refuseUid(served, decoded.object, before);
    checkRevision(place, before, decoded.object);
    return decoded.object;
  };
  const { object } = await alsoRefused(warnings, () => replace(context, place, options, next));
  const made = present(served, object);
  return { kind: 'object', status: 200, object: made, warnings: [...warnings, ...warningsOf(served.info, made, old, request.subresource)] };
}

/** What came of a patch, as an object of the resource. Errors: 422, for the patch is to blame. */
function decodePatched(served: Served, request: ApiRequest, patched: unknown, known: KubeObject | undefined): Decoded {
  try {
    return decodeBody(served, request, patched, known && { known });
  } catch (error) {
    if (!(error instanceof StatusError && error.status === 400)) throw error;
    const shown = request.contentType === STRATEGIC_PATCH ? goText(request.body) : JSON.stringify(patched);
    const why = error.message.replace(/^.* cannot be handled as an? \w+: /, '');
    throw invalid('', '', '', [{ reason: 'FieldValueInvalid', field: 'patch', message: `Invalid value: ${JSON.stringify(shown)}: ${why}` }]);
  }
}

/** The object with the request's patch on it; `before` stays as it is. Without `served` lists are not merged by their keys. */
export function patchBody(before: KubeObject, { contentType, body }: ApiRequest, served?: Served): unknown {
  switch (contentType) {
    case JSON_PATCH:
      return jsonPatch(before, body);
    case MERGE_PATCH:
      return mergePatch(before, body);
    case STRATEGIC_PATCH:
      return served ? strategicMergePatch(served.info, before, body) : mergePatch(before, body);
    default:
      throw unsupportedMediaType(contentType ?? '', PATCH_TYPES);
  }
}
