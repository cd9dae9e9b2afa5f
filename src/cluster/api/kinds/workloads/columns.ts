import type { V1PodSpec } from '../../generated/types.ts';
import { type Column, column, described } from '../../table/column.ts';
import type { KubeObject } from '../../types.ts';

/** The columns of what the Pods of a template run. */
export function containerColumns<T extends KubeObject>(spec: (object: T) => V1PodSpec | undefined, priority = 1): readonly Column[] {
  const joined = (object: T, field: 'name' | 'image') => (spec(object)?.containers ?? []).map((container) => container[field] ?? '').join(',');
  return [
    described(
      column<T>('Containers', (object) => joined(object, 'name'), priority),
      'Names of each container in the template.',
    ),
    described(
      column<T>('Images', (object) => joined(object, 'image'), priority),
      'Images referenced by each container in the template.',
    ),
  ];
}

/** A count of its status or spec. */
export function countColumn<T extends KubeObject>(name: string, count: (object: T) => number | undefined, type = 'integer'): Column {
  return column<T>(name, (object) => count(object) ?? 0, 0, type);
}
