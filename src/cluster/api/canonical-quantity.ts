import { isQuantity } from './quantity.ts';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
/** From nano on, in steps of a thousand. */
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const;
const NANO = -9;
const INT64_DIGITS = 18;
const INT64_MAX = 2n ** 63n - 1n;
const PLAIN = /^[1-9]\d{0,8}(?:[munkMGTPE]|[KMG]i)?$/;
const PARTS = /^([+-]?)0*(\d*)(?:\.(\d*))?(.*)$/;

/** A whole number of tenth powers. */
interface Decimal {
  readonly value: bigint;
  readonly scale: number;
}

/**
 * A quantity in the one way that Kubernetes writes it: `0.5` as `500m`, `1024Mi` as `1Gi`, `1.5Gi` as `1536Mi`. What has that form at first
 * sight stays as it is, even where a closer look would find another (`1.500`), as it does there. The text is a quantity.
 */
export function canonicalQuantity(text: string): string {
  if (PLAIN.test(text) && isPlain(text)) return text;
  const [, sign = '', whole = '', fraction = '', suffix = ''] = PARTS.exec(text) ?? [];
  const digits = `${whole || '0'}${fraction}`;
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n);
  const step = BINARY.indexOf(suffix as (typeof BINARY)[number]);
  if (step > 0) return ofBinary(text, step, value, fraction.length);
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  const exponent = isExponent ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix as (typeof DECIMAL)[number]) - 3) * 3;
  const scale = exponent - fraction.length;
  const isKept = digits.length <= INT64_DIGITS && scale >= NANO && scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0');
  return isKept ? text : writeDecimal(toNano({ value, scale }), isExponent);
}

/** Most amounts: a number that no larger unit divides. */
function isPlain(text: string): boolean {
  if (!text.endsWith('i')) return !/000\D?$/.test(text);
  return Number.parseInt(text, 10) % 1024 !== 0;
}

/** Amounts in units of 1024; below one, and where they are not whole, they are written as the others. */
function ofBinary(text: string, step: number, value: bigint, places: number): string {
  const digits = String(value < 0n ? -value : value).length;
  if (places === 0 && 14 - digits - step * 3 >= 0 && (value & 7n) !== 0n) return text;
  const scaled = toNano({ value: value << BigInt(step * 10), scale: -places });
  const one = 10n ** BigInt(-scaled.scale);
  const size = scaled.value < 0n ? -scaled.value : scaled.value;
  if (size % one !== 0n || size / one < 1024n) return writeDecimal(scaled, false);
  let amount = size / one > INT64_MAX ? INT64_MAX : size / one;
  let unit = 0;
  while (amount % 1024n === 0n) {
    amount /= 1024n;
    unit++;
  }
  return `${scaled.value < 0n ? '-' : ''}${amount}${BINARY[unit] ?? ''}`;
}

/** Nothing is smaller than a nano: what is there counts as one. */
function toNano({ value, scale }: Decimal): Decimal {
  if (scale >= NANO) return { value: scale > 0 ? value * 10n ** BigInt(scale) : value, scale: Math.min(scale, 0) };
  const by = 10n ** BigInt(NANO - scale);
  const rounded = value < 0n ? -((-value + by - 1n) / by) : (value + by - 1n) / by;
  return { value: rounded, scale: NANO };
}

function writeDecimal({ value, scale }: Decimal, isExponent: boolean): string {
  if (value === 0n) return '0';
  let amount = value;
  let exponent = scale;
  while (amount % 10n === 0n) {
    amount /= 10n;
    exponent++;
  }
  for (; exponent % 3 !== 0; exponent--) amount *= 10n;
  // Past the last unit there is no name for it.
  const over = Math.max(0, exponent - 18);
  if (isExponent) return exponent === 0 ? String(amount) : `${amount}e${exponent}`;
  return `${amount * 10n ** BigInt(over)}${DECIMAL[(exponent - over) / 3 + 3] ?? ''}`;
}

/** The canonical text, or undefined for what is no quantity. */
export function readQuantity(text: string): string | undefined {
  return isQuantity(text) ? canonicalQuantity(text) : undefined;
}
