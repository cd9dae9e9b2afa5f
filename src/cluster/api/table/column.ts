import { objectSelectorText } from '../object-selector-text.ts';
import type { ObjectSelector } from '../selectors.ts';
import type { KubeObject } from '../types.ts';
import { age } from './duration.ts';

/** What stands in a cell; null where there is nothing. */
export type Cell = string | number | boolean | null;

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description?: string;
  readonly priority: number;
  cell(object: KubeObject, now_ms: number): Cell;
}
/** A column whose cell reads a model's fields; the object was decoded by the model of the list it stands in. */
export function column<T extends KubeObject>(name: string, cell: (object: T, now_ms: number) => Cell, priority = 0, type: Column['type'] = 'string'): Column {
  return { name, type, format: name === 'Name' ? 'name' : '', priority, cell: (object, now_ms) => cell(object as T, now_ms) };
}

export const nameColumn = column('Name', ({ metadata }) => metadata.name ?? '');
export const ageColumn = column('Age', ({ metadata }, now_ms) => age(metadata.creationTimestamp, now_ms));
export const list = (items: readonly (string | undefined)[]) => items.join(',') || '<none>';
/** A map of labels as a line. */
export const labelsText = (labels: Readonly<Record<string, string>> | undefined) =>
  Object.entries(labels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(',') || '<none>';
export const selectorText = (selector: ObjectSelector | undefined) => (selector === undefined ? '<none>' : objectSelectorText(selector) || '<none>');

/** The machinery's own columns, for kinds that have none: here the age is a time. */
export const PLAIN_COLUMNS: readonly Column[] = [nameColumn, { ...column('Created At', ({ metadata }) => metadata.creationTimestamp ?? null), type: 'date' }];
