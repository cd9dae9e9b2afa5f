import { badRequest, StatusError, unforeseen } from '../errors.ts';
import type { ServedResource } from '../resources.ts';
import type { KubeObject, StatusCause } from '../types.ts';
import { createdFields } from './created-fields.ts';
import { difference, type FieldSet, intersection, isEmpty, NO_FIELDS, pathsOf, sameFields, union } from './field-set.ts';
import { withLastApplied, writtenByClient } from './last-applied.ts';
import { isSameManager, type Manager, type ManagerId, ownable, readManagers, shapeOfResource, versionOf, withManagers, writableThrough } from './managers.ts';
import { changedFields, fieldsOf, keylessItem, merge, repeatedItem, withoutFields } from './values.ts';

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
  const shape = shapeOfResource(resource);
  const wanted = writableThrough(resource, applied, options.subresource ?? '');
  const keyless = keylessItem(shape, wanted);
  const twice = repeatedItem(shape, wanted);
  if (twice !== undefined) throw untyped(resource, applied, twice);
  if (keyless !== undefined) throw badRequest(`cannot apply ${keyless}: an item of this list must have the fields that tell it from others`);
  const id: ManagerId = { name: options.manager, operation: 'Apply', apiVersion: versionOf(resource), subresource: options.subresource ?? '' };
  const managers = managersOf(resource, live, options.time);
  const fields = ownable(fieldsOf(shape, wanted));
  // An object of the model merged with another of it.
  const merged = merge(shape, live, wanted) as KubeObject;
  const taken = ownable(changedFields(shape, live, merged));
  const others = managers.filter((manager) => !isSameManager(manager, id));
  if (!options.force) refuseConflicts(others.filter(isOfVersion(id)), difference(taken, writtenByClient(resource, live, options.manager)));
  const yielding = others.map((manager) => (isOfVersion(id)(manager) ? yieldFields(manager, taken) : manager));
  const previous = managers.find((manager) => isSameManager(manager, id));
  const kept = yielding.reduce((all, manager) => union(all, manager.fields), fields);
  const gone = difference(previous?.fields ?? NO_FIELDS, kept);
  // Metadata stays: the fields that name the object have no manager, so they are never gone.
  const result = withoutFields(shape, merged, gone, kept) as KubeObject;
  // Who changes nothing but who manages what is not said to have done it now.
  const time = live !== undefined && isEmpty(taken) && result === merged ? previous?.time : options.time;
  return withManagers(withLastApplied(result, live, applied, options.manager), [...yielding, entry(id, fields, previous, time)]);
}

/** 500: what is applied is no object of the kind, so that nobody could own its fields. */
export function untyped(resource: ServedResource, { metadata: { namespace = '', name = '' } }: KubeObject, why: string): StatusError {
  const version = versionOf(resource);
  const kind = `${version.includes('/') ? version : `/${version}`}, Kind=${resource.kind}`;
  return unforeseen(`failed to create typed patch object (${namespace}/${name}; ${kind}): ${why}`);
}

/** Whoever wrote what nobody is named for, before the first apply. */
const BEFORE_FIRST_APPLY = 'before-first-apply';

function managersOf(resource: ServedResource, live: KubeObject | undefined, time: string): readonly Manager[] {
  const managers = readManagers(live?.metadata.managedFields);
  if (live === undefined || managers.length > 0) return managers;
  const fields = createdFields(resource, live);
  return isEmpty(fields) ? [] : [{ name: BEFORE_FIRST_APPLY, operation: 'Update', apiVersion: versionOf(resource), subresource: '', time, fields }];
}

const isOfVersion =
  ({ apiVersion }: ManagerId) =>
  (manager: Manager): boolean =>
    manager.apiVersion === apiVersion;

function yieldFields(manager: Manager, taken: FieldSet): Manager {
  const left = difference(manager.fields, taken);
  return sameFields(left, manager.fields) ? manager : { ...manager, fields: left };
}

/** Who applies the same fields again and changes nothing keeps the entry of the first time. */
function entry(id: ManagerId, fields: FieldSet, previous: Manager | undefined, time: string | undefined): Manager {
  return previous !== undefined && previous.time === time && sameFields(previous.fields, fields) ? previous : { ...id, fields, time };
}

function refuseConflicts(others: readonly Manager[], taken: FieldSet): void {
  const conflicts = others
    .map((manager) => ({ manager, paths: pathsOf(intersection(taken, manager.fields)) }))
    .filter(({ paths }) => paths.length > 0)
    .toSorted((one, other) => (nameOf(one.manager) < nameOf(other.manager) ? -1 : 1));
  if (conflicts.length === 0) return;
  const causes = conflicts.flatMap(({ manager, paths }) =>
    paths.map((field): StatusCause => ({ reason: 'FieldManagerConflict', message: `conflict with ${nameOf(manager)}`, field })),
  );
  const words = conflicts.map(({ manager, paths }) =>
    causes.length === 1
      ? `conflict with ${nameOf(manager)}: ${paths[0]}`
      : `conflicts with ${nameOf(manager)}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
  );
  throw new StatusError(409, 'Conflict', `Apply failed with ${causes.length} conflict${causes.length === 1 ? '' : 's'}: ${words.join('\n')}`, { causes });
}

function nameOf({ name, subresource, apiVersion, operation }: Manager): string {
  const how = subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(name)}${how}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}
