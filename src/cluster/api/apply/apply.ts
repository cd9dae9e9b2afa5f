import { badRequest, StatusError } from '../errors.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject, StatusCause } from '../types.ts';
import { difference, type FieldSet, intersection, NO_FIELDS, pathsOf, sameFields, union } from './field-set.ts';
import { isSameManager, type Manager, type ManagerId, ownable, readManagers, shapeOfResource, versionOf, withManagers, writableThrough } from './managers.ts';
import { changedFields, fieldsOf, keylessItem, merge, withoutFields } from './values.ts';

export interface ApplyOptions {
  /** The request's fieldManager. */
  readonly manager: string;
  /** Takes fields that others own. */
  readonly force: boolean;
  /** RFC 3339, seconds. */
  readonly time: string;
  readonly subresource?: string;
}

/**
 * Server-side apply: `live` (undefined: there is none yet) with what `applied`, a decoded object, says; what the manager applied
 * before and says no more goes, unless others own it too. `live` and `applied` must be in the resource's version; managers of
 * other versions keep what they have and are asked for nothing. Answers the object with its managers, yet without defaults.
 * Errors: 400, 409 `Conflict` with a cause for each field that another manager owns otherwise.
 */
export function applyPatch(resource: ServedResource, live: KubeObject | undefined, applied: KubeObject, options: ApplyOptions): KubeObject {
  if (options.manager === '') throw badRequest('fieldManager is required for apply patch: name the program that applies, as in ?fieldManager=NAME');
  if ((applied.metadata.managedFields ?? []).length > 0)
    throw badRequest('metadata.managedFields must be nil: what is applied says fields, not their managers');
  const shape = shapeOfResource(resource);
  const wanted = writableThrough(resource, applied, options.subresource ?? '');
  const keyless = keylessItem(shape, wanted);
  if (keyless !== undefined) throw badRequest(`cannot apply ${keyless}: an item of this list must have the fields that tell it from others`);
  const id: ManagerId = { name: options.manager, operation: 'Apply', apiVersion: versionOf(resource), subresource: options.subresource ?? '' };
  const managers = readManagers(live?.metadata.managedFields);
  const fields = ownable(fieldsOf(shape, wanted));
  // An object of the model merged with another of it.
  const merged = merge(shape, live, wanted) as KubeObject;
  const taken = ownable(changedFields(shape, live, merged));
  const others = managers.filter((manager) => !isSameManager(manager, id));
  if (!options.force) refuseConflicts(others.filter(isOfVersion(id)), taken);
  const yielding = others.map((manager) => (isOfVersion(id)(manager) ? yieldFields(manager, taken) : manager));
  const previous = managers.find((manager) => isSameManager(manager, id));
  const kept = yielding.reduce((all, manager) => union(all, manager.fields), fields);
  const gone = difference(previous?.fields ?? NO_FIELDS, kept);
  // Metadata stays: the fields that name the object have no manager, so they are never gone.
  const result = withoutFields(shape, merged, gone, kept) as KubeObject;
  return withManagers(result, [...yielding, entry(id, fields, previous, options.time)]);
}

const isOfVersion =
  ({ apiVersion }: ManagerId) =>
  (manager: Manager): boolean =>
    manager.apiVersion === apiVersion;

function yieldFields(manager: Manager, taken: FieldSet): Manager {
  const left = difference(manager.fields, taken);
  return sameFields(left, manager.fields) ? manager : { ...manager, fields: left };
}

/** Who applies the same fields again keeps the entry of the first time, and its time. */
function entry(id: ManagerId, fields: FieldSet, previous: Manager | undefined, time: string): Manager {
  return previous !== undefined && sameFields(previous.fields, fields) ? previous : { ...id, fields, time };
}

function refuseConflicts(others: readonly Manager[], taken: FieldSet): void {
  const conflicts = others.map((manager) => ({ manager, paths: pathsOf(intersection(taken, manager.fields)) })).filter(({ paths }) => paths.length > 0);
  if (conflicts.length === 0) return;
  const causes = conflicts.flatMap(({ manager, paths }) =>
    paths.map((field): StatusCause => ({ reason: 'FieldManagerConflict', message: `conflict with ${nameOf(manager)}`, field })),
  );
  const words = conflicts.map(({ manager, paths }) =>
    paths.length === 1 ? `conflict with ${nameOf(manager)}: ${paths[0]}` : `conflicts with ${nameOf(manager)}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
  );
  throw new StatusError(409, 'Conflict', `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${words.join('\n')}`, { causes });
}

function nameOf({ name, subresource, apiVersion, operation }: Manager): string {
  const how = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(name)}${how}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
