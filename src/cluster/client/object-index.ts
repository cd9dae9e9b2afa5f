import type { KubeObject } from '#cluster/api';

/** Which values of an index an object has: none, one or several. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Objects by namespace and name, and by indexes that follow from them. */
export class ObjectIndex<T extends KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #functions: ReadonlyMap<string, IndexFunction<T>>;
  readonly #indexes = new Map<string, Map<string, Map<string, T>>>();

  constructor(functions: Readonly<Record<string, IndexFunction<T>>>) {
    const all: Record<string, IndexFunction<T>> = { ...functions, [NAMESPACE]: (object) => [object.metadata.namespace ?? ''] };
    this.#functions = new Map(Object.entries(all));
    for (const name of this.#functions.keys()) this.#indexes.set(name, new Map());
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): readonly string[] {
    return [...this.#objects.keys()];
  }

  list(namespace?: string): readonly T[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(NAMESPACE, namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new TypeError(`there is no index "${index}": name it when the informer is made`);
    return [...(values.get(value)?.values() ?? [])];
  }

  /** Answers what stood there before. */
  set(key: string, object: T): T | undefined {
    const previous = this.delete(key);
    this.#objects.set(key, object);
    for (const [name, of] of this.#functions) {
      const values = this.#indexes.get(name);
      for (const value of of(object)) {
        const members = values?.get(value) ?? new Map<string, T>();
        members.set(key, object);
        values?.set(value, members);
      }
    }
    return previous;
  }

  delete(key: string): T | undefined {
    const previous = this.#objects.get(key);
    if (previous === undefined) return undefined;
    this.#objects.delete(key);
    for (const [name, of] of this.#functions) {
      const values = this.#indexes.get(name);
      for (const value of of(previous)) {
        const members = values?.get(value);
        members?.delete(key);
        if (members?.size === 0) values?.delete(value);
      }
    }
    return previous;
  }
}

const NAMESPACE = ' namespace';

export function objectKey(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export function keyOfObject({ metadata }: KubeObject): string {
  return objectKey(metadata.namespace, metadata.name ?? '');
}
