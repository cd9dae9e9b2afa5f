import { GantryError, messageOf } from '#kit';
import { badRequest } from './errors.ts';
import { isObject } from './json.ts';

/** The `filters` of a list request: values by key; within a key any value fits, all keys must fit. */
export class Filters {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** Parses both JSON shapes, map of lists and map of maps. `known` are the keys that the endpoint has. Errors: 400. */
  constructor(text: string | undefined, known: readonly string[]) {
    const values = new Map<string, readonly string[]>();
    for (const [key, value] of Object.entries(parse(text))) {
      if (!known.includes(key)) throw badRequest(`invalid filter '${key}' (known: ${known.join(', ')})`);
      values.set(key, listOf(key, value));
    }
    this.#values = values;
  }

  get(key: string): readonly string[] {
    return this.#values.get(key) ?? [];
  }
  has(key: string): boolean {
    return this.get(key).length > 0;
  }
  /** True without such a filter, or when one of its values is one of `actual`. */
  any(key: string, ...actual: readonly string[]): boolean {
    return !this.has(key) || this.get(key).some((value) => actual.includes(value));
  }
  /** True without such a filter, or when `fits` says so for one of its values. */
  some(key: string, fits: (value: string) => boolean): boolean {
    return !this.has(key) || this.get(key).some(fits);
  }
  /** True without such a filter, or when one of its values, as a regular expression, is found in one of `texts`. Errors: 400. */
  matches(key: string, ...texts: readonly string[]): boolean {
    return this.some(key, (pattern) => {
      try {
        return texts.some((text) => new RegExp(pattern).test(text));
      } catch (error) {
        throw badRequest(`invalid filter '${key}=[${pattern}]': it is not a regular expression`, error);
      }
    });
  }
  /** Docker's booleans; undefined without the filter. */
  flag(key: string): boolean | undefined {
    const value = this.get(key)[0];
    if (value === undefined) return undefined;
    if (['1', 'true', 't'].includes(value.toLowerCase())) return true;
    if (['0', 'false', 'f'].includes(value.toLowerCase())) return false;
    throw badRequest(`invalid filter '${key}=[${value}]': it must be true or false`);
  }
  /** All of the `label` filters (`name` or `name=value`) fit, and none of `label!`. */
  labels(labels: Readonly<Record<string, string>>): boolean {
    return this.pairs('label', labels) && !this.get('label!').some((text) => hasPair(labels, text));
  }
  /** All of the filters of that key, each `name` or `name=value`, fit. */
  pairs(key: string, pairs: Readonly<Record<string, string>>): boolean {
    return this.get(key).every((text) => hasPair(pairs, text));
  }
}

function hasPair(pairs: Readonly<Record<string, string>>, text: string): boolean {
  const at = text.indexOf('=');
  return at < 0 ? Object.hasOwn(pairs, text) : pairs[text.slice(0, at)] === text.slice(at + 1);
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined || text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (value === null) return {};
    if (isObject(value)) return value;
    throw badRequest(`invalid filter: ${text} is not a JSON object`);
  } catch (error) {
    if (error instanceof GantryError) throw error;
    throw badRequest(`invalid filter: ${messageOf(error)}`, error);
  }
}

function listOf(key: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  if (isObject(value)) return Object.entries(value).flatMap(([name, chosen]) => (chosen === true ? [name] : []));
  throw badRequest(`invalid filter '${key}': its value must be a list of strings or an object of true`);
}
