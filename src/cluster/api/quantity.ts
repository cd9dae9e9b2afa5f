import { badRequest } from './errors.ts';

const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const PATTERN = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;

/** A quantity (`100m`, `1.5Gi`, `2e3`) in thousandths, rounded up: exact for everything that machines have. */
export type Milli = bigint;

/** Parses a quantity. Errors: 400 with Kubernetes' own words for a malformed one. */
export function parseQuantity(text: string | number): Milli {
  const match = PATTERN.exec(String(text));
  if (match === null)
    throw badRequest(`unable to parse quantity "${text}": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`);
  const [, sign, digits = '0', suffix = ''] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(`${whole}${fraction}` || '0');
  const binary = BINARY.findIndex((unit) => unit === suffix);
  const exponent = (binary >= 0 ? 0 : /^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL[suffix] ?? 0)) + 3 - fraction.length;
  const scaled = binary >= 0 ? mantissa * 1024n ** BigInt(binary + 1) : mantissa;
  const milli = exponent >= 0 ? scaled * 10n ** BigInt(exponent) : ceilDivide(scaled, 10n ** BigInt(-exponent));
  return sign === '-' ? -milli : milli;
}

/** Whether the text is a quantity. */
export function isQuantity(text: string | number): boolean {
  return PATTERN.test(String(text));
}

/** Thousandths as text: `250m`, `2`, and with `binary` where it divides evenly `64Mi`. */
export function formatQuantity(milli: Milli, options: { readonly binary?: boolean } = {}): string {
  if (milli % 1000n !== 0n) return `${milli}m`;
  let value = milli / 1000n;
  if (options.binary !== true) return String(value);
  let unit = -1;
  while (value !== 0n && value % 1024n === 0n && unit < BINARY.length - 1) {
    value /= 1024n;
    unit++;
  }
  return `${value}${BINARY[unit] ?? ''}`;
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}
