import { readFileSync } from 'node:fs';
import { isQuantityField } from './quantity-fields.ts';

/** One field of a model. */
export interface FieldSchema {
  readonly type: TypeSchema;
  readonly required: boolean;
}
/** What a value must look like. */
export type TypeSchema =
  | { readonly kind: 'string'; readonly format: string }
  | { readonly kind: 'number'; readonly format: string }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'any' }
  | { readonly kind: 'intOrString' }
  | { readonly kind: 'list'; readonly of: TypeSchema }
  | { readonly kind: 'map'; readonly of: TypeSchema }
  | { readonly kind: 'model'; readonly name: string };
export type Model = ReadonlyMap<string, FieldSchema>;

type RawModels = Readonly<Record<string, Readonly<Record<string, readonly [string, string, 0 | 1]>>>>;

/** The generated schemas, read when first asked for. */
export class Schemas {
  #raw: RawModels | undefined;
  readonly #models = new Map<string, Model>();

  /** Whether there is a model of that generated name. */
  has(name: string): boolean {
    return Object.hasOwn(this.#read(), name);
  }

  /** The model of that generated name. */
  model(name: string): Model {
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    const raw = this.#read()[name];
    if (raw === undefined) throw new TypeError(`there is no model ${name}`);
    const model: Model = new Map(
      Object.entries(raw).map(([field, [type, format, required]]) => [
        field,
        { type: parseType(type, isQuantityField(name, field) ? 'quantity' : format), required: required === 1 },
      ]),
    );
    this.#models.set(name, model);
    return model;
  }

  #read(): RawModels {
    // Written by scripts/generate-api.ts.
    this.#raw ??= JSON.parse(readFileSync(new URL('../generated/schemas.json', import.meta.url), 'utf8')) as RawModels;
    return this.#raw;
  }
}

/** Shared by the whole process: data that never changes. */
export const schemas = new Schemas();

function parseType(type: string, format: string): TypeSchema {
  const list = /^Array<(.+)>$/.exec(type);
  if (list) return { kind: 'list', of: parseType(list[1] ?? '', format) };
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map) return { kind: 'map', of: parseType(map[1] ?? '', format) };
  switch (type) {
    case 'string':
      return { kind: 'string', format };
    case 'Date':
    case 'V1MicroTime':
      return { kind: 'string', format: 'date-time' };
    case 'number':
      return { kind: 'number', format };
    case 'boolean':
      return { kind: 'boolean' };
    case 'any':
    case 'object':
      return { kind: 'any' };
    case 'IntOrString':
      return { kind: 'intOrString' };
    default:
      return { kind: 'model', name: type };
  }
}
