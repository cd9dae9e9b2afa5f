import { badRequest } from './errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for what a client sends when the user asked for nothing: null, false, 0, '', [], {} and objects of such. */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

/** Reads fields of a body with their types checked; the errors name the field. */
export class Fields {
  readonly #object: JsonObject;
  readonly #prefix: string;

  constructor(object: JsonObject, prefix = '') {
    this.#object = object;
    this.#prefix = prefix;
  }

  text(name: string): string | undefined {
    return this.#typed(name, 'a string', (value): value is string => typeof value === 'string') || undefined;
  }
  flag(name: string): boolean {
    return this.#typed(name, 'true or false', (value): value is boolean => typeof value === 'boolean') ?? false;
  }
  /** A flag that knows "not said". */
  choice(name: string): boolean | undefined {
    return this.#typed(name, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }
  integer(name: string): number | undefined {
    return this.#typed(name, 'a whole number', (value): value is number => typeof value === 'number' && Number.isSafeInteger(value));
  }
  texts(name: string): readonly string[] | undefined {
    return this.#typed(name, 'a list of strings', (value): value is string[] => Array.isArray(value) && value.every((item) => typeof item === 'string'));
  }
  /** Entrypoint and the like: a string or a list. */
  words(name: string): readonly string[] | undefined {
    const value = this.#object[name];
    return typeof value === 'string' ? [value] : this.texts(name);
  }
  object(name: string): JsonObject | undefined {
    return this.#typed(name, 'an object', isObject);
  }
  objects(name: string): readonly JsonObject[] {
    return this.#typed(name, 'a list of objects', (value): value is JsonObject[] => Array.isArray(value) && value.every(isObject)) ?? [];
  }
  /** An object whose values are strings. */
  map(name: string): Readonly<Record<string, string>> | undefined {
    return this.#typed(
      name,
      'an object of strings',
      (value): value is Record<string, string> => isObject(value) && Object.values(value).every((item) => typeof item === 'string'),
    );
  }
  /** The value, whatever it is. */
  any(name: string): unknown {
    return this.#object[name];
  }
  inner(name: string): Fields {
    return new Fields(this.object(name) ?? {}, `${this.#prefix}${name}.`);
  }

  #typed<T>(name: string, kind: string, check: (value: unknown) => value is T): T | undefined {
    const value = this.#object[name];
    if (value === undefined || value === null) return undefined;
    if (!check(value)) throw badRequest(`invalid value ${JSON.stringify(value)?.slice(0, 80)} for ${this.#prefix}${name}: it must be ${kind}`);
    return value;
  }
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The object without the fields that are undefined. */
export function defined<T extends object>(object: T): Defined<T> {
  // Dropping undefined values is just what the type says.
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
