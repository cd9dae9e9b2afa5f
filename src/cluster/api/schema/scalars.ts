import { readQuantity } from '../canonical-quantity.ts';
import type { TypeSchema } from './schemas.ts';

type Scalar = Extract<TypeSchema, { kind: 'string' | 'number' | 'boolean' | 'intOrString' }>;
/** What was read; nothing where the value is not of its schema. */
export type ReadScalar = { readonly value: unknown } | undefined;

const INT32_MAX = 2 ** 31 - 1;
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** One value by its schema. */
export function readScalar(type: Scalar, value: unknown): ReadScalar {
  switch (type.kind) {
    case 'string':
      return readString(type.format, value);
    case 'number':
      return fitsNumber(type.format, value) ? { value } : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? { value } : undefined;
    case 'intOrString':
      return typeof value === 'string' || fitsNumber('int32', value) ? { value } : undefined;
  }
}

function fitsNumber(format: string, value: unknown): boolean {
  if (typeof value !== 'number') return false;
  if (format === 'double') return true;
  if (format === 'int32') return Number.isInteger(value) && value >= -INT32_MAX - 1 && value <= INT32_MAX;
  return Number.isSafeInteger(value);
}

function readString(format: string, value: unknown): ReadScalar {
  if (format === 'quantity' && typeof value === 'number') return readString(format, String(value));
  if (typeof value !== 'string') return undefined;
  switch (format) {
    case 'quantity': {
      const quantity = readQuantity(value.trim());
      return quantity === undefined ? undefined : { value: quantity };
    }
    case 'byte':
      return BASE64.test(value) ? { value } : undefined;
    case 'date-time':
      return TIME.test(value) && !Number.isNaN(Date.parse(value)) ? { value } : undefined;
    default:
      return { value };
  }
}
