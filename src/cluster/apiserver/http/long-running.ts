import type { IncomingMessage } from 'node:http';
import type { Random } from '#kit';
import { flag } from '../verbs/options.ts';
import type { RequestLimits } from './limits.ts';
import type { ResourceRoute } from './request.ts';
import type { Route } from './route.ts';

export const STREAMING = new Set(['exec', 'attach', 'portforward']);
const PROXIED = ['pods', 'services', 'nodes'];

export function isProxy({ resource, name, subresource }: ResourceRoute): boolean {
  return resource.group === '' && resource.version === 'v1' && subresource === 'proxy' && name !== undefined && PROXIED.includes(resource.resource);
}

export function isPodStream({ resource, name, subresource }: ResourceRoute): boolean {
  return (
    resource.group === '' &&
    resource.resource === 'pods' &&
    name !== undefined &&
    subresource !== undefined &&
    (STREAMING.has(subresource) || subresource === 'log')
  );
}

export function isReading({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether it stays open as long as its client wants: no place is counted for it, and no time. */
export function isLongRunning(request: IncomingMessage, route: Route, query: Readonly<Record<string, string>>): boolean {
  if (route.kind !== 'resource') return false;
  return isProxy(route) || isPodStream(route) || (isReading(request) && (route.watch === true || flag(query, 'watch')));
}

/** The seconds after which a watch is ended whose client names none: not the same for all, so that they do not come back together. */
export function someTime({ minRequestTimeout_s }: RequestLimits, random: Random): string {
  return String(Math.round(minRequestTimeout_s * (1 + random.fraction())));
}
