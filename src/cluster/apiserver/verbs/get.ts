import type { ApiRequest, ApiResponse } from '#cluster/api';
import { catchUp } from '../cache/catch-up.ts';
import type { Context } from '../context.ts';
import { present, type Served } from '../kinds.ts';
import { readRevision } from './list-options.ts';
import { waitForRevision } from './list.ts';
import { current } from './write.ts';

/** GET of one object, not older than the revision that is asked for. Errors: 400, 404, 504. */
export async function get(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { resourceVersion } = request.query;
  if (resourceVersion) await waitForRevision(context, readRevision(resourceVersion));
  else await catchUp(context);
  const object = current(context, { served, namespace: request.namespace, name: request.name ?? '' });
  return { kind: 'object', status: 200, object: present(served, object) };
}
