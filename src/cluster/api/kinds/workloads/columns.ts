import type { V1PodSpec } from '../../generated/types.ts';
import { type Column, column } from '../../table/column.ts';
import type { KubeObject } from '../../types.ts';

/** The columns of what the Pods of a template run. */
export function containerColumns<T extends KubeObject>(spec: (object: T) => V1PodSpec | undefined, priority = 1): readonly Column[] {
  const joined = (object: T, field: 'name' | 'image') => (spec(object)?.containers ?? []).map((container) => container[field] ?? '').join(',');
  return [column<T>('Containers', (object) => joined(object, 'name'), priority), column<T>('Images', (object) => joined(object, 'image'), priority)];
}

/** A count of its status or spec. */
export function countColumn<T extends KubeObject>(name: string, count: (object: T) => number | undefined, type = 'integer'): Column {
  return column<T>(name, (object) => count(object) ?? 0, 0, type);
}
