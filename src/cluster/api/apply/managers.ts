import { saidWithStatus } from '../kinds/status-metadata.ts';
import { apiVersionOf, type ServedResource } from '../resources.ts';
import { isRecord } from '../schema/is-record.ts';
import type { KubeObject } from '../types.ts';
import { type FieldSet, fieldSet, isEmpty, NO_FIELDS, union } from './field-set.ts';
import { readFields, writtenFields } from './interned.ts';
import type { Shape } from './shape.ts';

/** Who wrote which fields how (an entry of metadata.managedFields). */
export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339. */
  readonly time: string | undefined;
  readonly fields: FieldSet;
  /** The entry as it was read, while its fields are still those. */
  readonly entry?: { readonly fields: FieldSet; readonly written: unknown };
}
export type ManagerId = Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>;

/** As many writers of plain updates are told apart; the older ones become one. */
const UPDATERS_MAX = 10;
const ANCIENT = 'ancient-changes';

/** Fields that belong to nobody: they name the object, or are the server's. */
export const UNOWNED_METADATA: readonly string[] = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
];

export const shapeOfResource = ({ model, custom }: ServedResource): Shape =>
  custom === undefined ? { kind: 'object', model } : { kind: 'custom', schema: custom.schema, isObject: true };

/** The fields of a whole object that can have a manager. */
export function ownable(fields: FieldSet): FieldSet {
  const top = [...fields.children].filter(([element]) => element !== 'f:apiVersion' && element !== 'f:kind');
  return fieldSet(
    false,
    top.map(([element, below]) => {
      if (element !== 'f:metadata') return [element, below];
      return [
        element,
        fieldSet(
          false,
          [...below.children].filter(([name]) => !UNOWNED_METADATA.includes(name.slice(2))),
        ),
      ];
    }),
  );
}

export function isSameManager(one: ManagerId, other: ManagerId): boolean {
  return one.name === other.name && one.operation === other.operation && one.apiVersion === other.apiVersion && one.subresource === other.subresource;
}

/** The managers that an object's metadata names; an entry that can't be read counts for none. */
export function readManagers(managedFields: readonly unknown[] = []): readonly Manager[] {
  return managedFields.flatMap((entry): Manager[] => {
    if (!isRecord(entry) || (entry.operation !== 'Apply' && entry.operation !== 'Update')) return [];
    const text = (field: string) => (typeof entry[field] === 'string' ? entry[field] : '');
    const fields = readFields(entry.fieldsV1);
    const id: ManagerId = { name: text('manager'), operation: entry.operation, apiVersion: text('apiVersion'), subresource: text('subresource') };
    return [{ ...id, time: text('time') || undefined, fields, entry: { fields, written: entry } }];
  });
}

/** The object with these managers; those who own nothing are left out. */
export function withManagers(object: KubeObject, managers: readonly Manager[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  const entries = withFewUpdaters(managers.filter(({ fields }) => !isEmpty(fields)))
    .toSorted(inOrder)
    .map(entryOf);
  return { ...object, metadata: entries.length === 0 ? metadata : { ...metadata, managedFields: entries } };
}

/** Those who apply first, then the older ones. */
function inOrder(one: Manager, other: Manager): number {
  const key = ({ operation, time = '', name, apiVersion, subresource }: Manager) => [operation, time, name, apiVersion, subresource];
  const keys = key(other);
  return key(one).reduce((order, part, index) => order || byText(part, keys[index] ?? ''), 0);
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function entryOf({ name, operation, apiVersion, subresource, time, fields, entry }: Manager): unknown {
  if (entry?.fields === fields) return entry.written;
  return {
    manager: name,
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: writtenFields(fields),
    ...(subresource === '' ? {} : { subresource }),
  };
}

function withFewUpdaters(managers: readonly Manager[]): readonly Manager[] {
  const updaters = managers.filter(({ operation }) => operation === 'Update');
  if (updaters.length <= UPDATERS_MAX) return managers;
  const oldest = updaters.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).slice(0, updaters.length - UPDATERS_MAX + 1);
  const [first] = oldest;
  if (first === undefined) return managers;
  const ancient: Manager = {
    ...first,
    name: ANCIENT,
    subresource: '',
    time: oldest.at(-1)?.time,
    fields: oldest.reduce((all, { fields }) => union(all, fields), NO_FIELDS),
  };
  return [...managers.filter((manager) => !oldest.includes(manager)), ancient];
}

/** What may be written through a subresource: the rest of the object is left out of it. */
export function writableThrough(resource: ServedResource, object: KubeObject, subresource: string): KubeObject {
  const { status, spec, ...rest }: KubeObject & { status?: unknown; spec?: unknown } = object;
  if (subresource === 'status') {
    const { apiVersion, kind } = object;
    const said = saidWithStatus(resource);
    const { labels, annotations, ownerReferences, finalizers, ...system } = object.metadata;
    const given = Object.entries({ labels, annotations, ownerReferences, finalizers }).filter(
      ([field, value]) => value !== undefined && said.some((one) => one === field),
    );
    const metadata = { ...system, ...Object.fromEntries(given) };
    return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) } as KubeObject;
  }
  if (!resource.subresources.includes('status')) return object;
  return { ...rest, ...(spec === undefined ? {} : { spec }) } as KubeObject;
}

export const versionOf = (resource: ServedResource): string => apiVersionOf(resource);
