import { ROOT } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';

/** What the API server says of itself, in Prometheus' text format. */
export function metricsText(cache: ObjectCache, requests: number): string {
  const collections = [...cache.collections()].map(([prefix, collection]) => ({ resource: resourceOf(prefix), collection }));
  const lines = [
    '# HELP apiserver_request_total Requests that were taken, from the edge and from this process.',
    '# TYPE apiserver_request_total counter',
    `apiserver_request_total ${requests}`,
    '# HELP apiserver_storage_objects Objects that are stored, by resource.',
    '# TYPE apiserver_storage_objects gauge',
    ...collections.map(({ resource, collection }) => `apiserver_storage_objects{resource="${resource}"} ${collection.size}`),
    '# HELP apiserver_longrunning_requests Watches that are open, by resource.',
    '# TYPE apiserver_longrunning_requests gauge',
    ...collections.map(({ resource, collection }) => `apiserver_longrunning_requests{resource="${resource}",verb="WATCH"} ${collection.listeners}`),
    '# HELP apiserver_storage_revision The revision of the last write that readers see.',
    '# TYPE apiserver_storage_revision gauge',
    `apiserver_storage_revision ${cache.revision}`,
  ];
  return `${lines.join('\n')}\n`;
}

function resourceOf(prefix: string): string {
  const [group = '', resource = ''] = prefix.slice(ROOT.length).split('/');
  return group === 'core' ? resource : `${resource}.${group}`;
}
