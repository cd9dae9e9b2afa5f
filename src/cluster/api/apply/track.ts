import { createdFields } from './created-fields.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import { difference, isEmpty, NO_FIELDS, union } from './field-set.ts';
import { isSameManager, type Manager, type ManagerId, ownable, readManagers, shapeOfResource, versionOf, withManagers } from './managers.ts';
import { changedFields, keptFields } from './values.ts';

export interface TrackOptions {
  /** The request's fieldManager, or the program that it comes from. */
  readonly manager: string;
  /** RFC 3339, seconds. */
  readonly time: string;
  readonly subresource?: string;
  /** The managers so far, where they are not those of `before`. */
  readonly managedFields?: readonly unknown[];
}

/**
 * Writes down who owns what after a create, update or patch: the writer gets the fields that it made or changed, whoever had
 * them loses them, and nobody owns what is gone. `before` and `after` must be in the resource's version; managers of other
 * versions keep what they have. Answers `after` with its managers.
 */
export function trackUpdate(resource: ServedResource, before: KubeObject | undefined, after: KubeObject, options: TrackOptions): KubeObject {
  const shape = shapeOfResource(resource);
  const id: ManagerId = { name: options.manager, operation: 'Update', apiVersion: versionOf(resource), subresource: options.subresource ?? '' };
  const changed = before === undefined ? createdFields(resource, after) : ownable(changedFields(shape, before, after));
  const gone = before === undefined ? NO_FIELDS : ownable(changedFields(shape, after, before));
  const touched = new Set([...changed.children.keys(), ...gone.children.keys()]);
  const managers = readManagers(options.managedFields ?? before?.metadata.managedFields).map((manager): Manager => {
    if (manager.apiVersion !== id.apiVersion || ![...manager.fields.children.keys()].some((element) => touched.has(element))) return manager;
    const kept = keptFields(shape, before, after, manager.fields);
    return { ...manager, fields: isSameManager(manager, id) ? kept : difference(kept, changed) };
  });
  // Of what nobody was named for, nobody is until the first apply.
  if (isEmpty(changed) || (before !== undefined && managers.length === 0)) return withManagers(after, managers);
  const previous = managers.find((manager) => isSameManager(manager, id));
  const others = managers.filter((manager) => manager !== previous);
  return withManagers(after, [...others, { ...id, time: options.time, fields: union(previous?.fields ?? NO_FIELDS, changed) }]);
}
