import { readModelLines } from './model-lines.ts';
import { isQuantityField } from './quantity-fields.ts';
import { zeroFields } from './zero-fields.ts';

/** One field of a model. */
export interface FieldSchema {
  readonly type: TypeSchema;
  readonly required: boolean;
  /** Whether "", 0 and false are as nothing. */
  readonly dropsZero: boolean;
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

type RawModel = Readonly<Record<string, readonly [type: string, format: string, required: 0 | 1]>>;

/** The generated schemas: each is read when first asked for, since a cluster uses few of them. */
export class Schemas {
  #lines: ReadonlyMap<string, Buffer> | undefined;
  readonly #models = new Map<string, Model>();
  readonly #filled = new Map<string, readonly (readonly [field: string, zero: unknown])[]>();
  /** Most fields look like another: each look is kept once. */
  readonly #fields = new Map<string, FieldSchema>();

  /** Whether there is a model of that generated name. */
  has(name: string): boolean {
    this.#lines ??= readSchemas();
    return this.#lines.has(name);
  }

  /** The model of that generated name. */
  model(name: string): Model {
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    this.#lines ??= readSchemas();
    const line = this.#lines.get(name);
    if (line === undefined) throw new TypeError(`there is no model ${name}`);
    // Written by scripts/generate-api.ts.
    const raw = JSON.parse(line.toString()) as RawModel;
    const { dropped, filled } = zeroFields(name);
    const model: Model = new Map(
      Object.entries(raw).map(([field, [type, format, required]]) => [
        field,
        this.#field(type, isQuantityField(name, field) ? 'quantity' : format, required === 1, dropped.includes(field)),
      ]),
    );
    this.#models.set(name, model);
    this.#filled.set(
      name,
      filled.map((field) => [field, zeroOf(model.get(field)?.type)]),
    );
    return model;
  }

  /** The fields that an object of that model has though nobody wrote them, with their zero values. */
  filled(name: string): readonly (readonly [field: string, zero: unknown])[] {
    this.model(name);
    return this.#filled.get(name) ?? [];
  }

  #field(type: string, format: string, required: boolean, dropsZero: boolean): FieldSchema {
    const look = `${type} ${format} ${required} ${dropsZero}`;
    const known = this.#fields.get(look);
    if (known !== undefined) return known;
    const field = { type: parseType(type, format), required, dropsZero };
    this.#fields.set(look, field);
    return field;
  }
}

const readSchemas = () => readModelLines(new URL('../generated/schemas.tsv', import.meta.url));

/** Shared by the whole process: data that never changes. */
export const schemas = new Schemas();

function zeroOf(type: TypeSchema | undefined): unknown {
  return type?.kind === 'number' ? 0 : type?.kind === 'boolean' ? false : '';
}

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
