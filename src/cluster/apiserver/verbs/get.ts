import type { ApiRequest, ApiResponse } from '#cluster/api';
import { catchUp } from '../cache/catch-up.ts';
import type { Context } from '../context.ts';
import { present, type Served } from '../kinds.ts';
import { waitForRevision } from './list.ts';
import { revisionOf } from './options.ts';
import { current } from './write.ts';

/** GET of one object. Errors: 404. */
export async function get(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const wanted = revisionOf(request.query);
  if (wanted === undefined) await catchUp(context);
  else if (wanted > context.cache.revision) await waitForRevision(context, wanted);
  const object = current(context, { served, namespace: request.namespace, name: request.name ?? '' });
  return { kind: 'object', status: 200, object: present(served, object) };
}
