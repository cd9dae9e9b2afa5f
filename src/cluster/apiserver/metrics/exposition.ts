import { ROOT } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { head } from './families.ts';

/** How much is stored, in Prometheus' text format. */
export function cacheLines(cache: ObjectCache): string[] {
  const collections = [...cache.collections()].map(([prefix, collection]) => ({ resource: resourceOf(prefix), collection }));
  return [
    ...head('apiserver_storage_objects', 'gauge', 'Objects that are stored, by resource.'),
    ...collections.map(({ resource, collection }) => `apiserver_storage_objects{resource="${resource}"} ${collection.size}`),
    ...head('apiserver_storage_revision', 'gauge', 'The revision of the last write that readers see.'),
    `apiserver_storage_revision ${cache.revision}`,
  ];
}

function resourceOf(prefix: string): string {
  const [group = '', resource = ''] = prefix.slice(ROOT.length).split('/');
  return group === 'core' ? resource : `${resource}.${group}`;
}
