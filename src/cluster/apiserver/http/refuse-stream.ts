import { badRequest } from '#cluster/api';
import type { Context } from '../context.ts';
import { methodNotAllowed } from '../errors.ts';
import { findContainer, findPod } from '../streams/pod-target.ts';
import type { ResourceRoute } from './request.ts';

/** A stream of a Pod that was asked for without an upgrade: what is wrong otherwise is told first. Errors: 405, 404, 400, 503. */
export function refuseStream(context: Context, method: string | undefined, route: ResourceRoute, container: string | undefined): never {
  if (method !== 'GET' && method !== 'POST') throw methodNotAllowed();
  const { namespace = '', name = '', subresource = '' } = route;
  if (subresource === 'portforward') findPod(context, namespace, name, 'forward ports');
  else findContainer(context, namespace, name, container, subresource);
  throw badRequest('Upgrade request required');
}
