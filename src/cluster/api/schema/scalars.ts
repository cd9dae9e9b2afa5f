import { readQuantity } from '../canonical-quantity.ts';
import type { TypeSchema } from './schemas.ts';

type Scalar = Extract<TypeSchema, { kind: 'string' | 'number' | 'boolean' | 'intOrString' }>;
/** What was read, or what should have been there. */
export type ReadScalar = { readonly value: unknown } | { readonly wanted: string; readonly why?: string };

const INT32_MAX = 2 ** 31 - 1;
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** One value by its schema. */
export function readScalar(type: Scalar, value: unknown): ReadScalar {
  switch (type.kind) {
    case 'string':
      return readString(type.format, value);
    case 'number':
      return fitsNumber(type.format, value) ? { value } : { wanted: type.format || 'integer' };
    case 'boolean':
      return typeof value === 'boolean' ? { value } : { wanted: 'boolean' };
    case 'intOrString':
      return typeof value === 'string' || fitsNumber('int32', value) ? { value } : { wanted: 'integer or string' };
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
  if (typeof value !== 'string') return { wanted: 'string' };
  switch (format) {
    case 'quantity': {
      const quantity = readQuantity(value.trim());
      return quantity !== undefined
        ? { value: quantity }
        : { wanted: 'quantity', why: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'" };
    }
    case 'byte':
      return BASE64.test(value) ? { value } : { wanted: 'base64 text' };
    case 'date-time':
      return TIME.test(value) && !Number.isNaN(Date.parse(value)) ? { value } : { wanted: 'time like 2026-01-02T15:04:05Z' };
    default:
      return { value };
  }
}
