import type { CustomScale, KubeObject } from '#cluster/api';

/** What a Scale shows of an object, by the paths of its definition. */
export function readScale({ specReplicas, statusReplicas, selector }: CustomScale, object: KubeObject) {
  const selectorText = selector === undefined ? undefined : at(object, selector);
  return {
    replicas: number(at(object, specReplicas)),
    current: number(at(object, statusReplicas)),
    selector: typeof selectorText === 'string' ? selectorText : '',
  };
}

/** A copy of the object with so many replicas wanted. */
export function withReplicas({ specReplicas }: CustomScale, object: KubeObject, replicas: number): KubeObject {
  const next = structuredClone(object);
  let place: object = next;
  for (const step of specReplicas.slice(0, -1)) {
    const below: unknown = Reflect.get(place, step);
    const inner: object = typeof below === 'object' && below !== null ? below : {};
    Reflect.set(place, step, inner);
    place = inner;
  }
  Reflect.set(place, specReplicas.at(-1) ?? '', replicas);
  return next;
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

function at(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return value;
}
