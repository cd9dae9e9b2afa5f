import { formatQuantity, isQuantity, parseQuantity } from '../../../quantity.ts';

/** Most amounts are whole at first sight. */
const WHOLE = /^\d+(?:[KMGTPE]i|[kMGTPE])?$/;
type Amounts = Readonly<Record<string, string | number>>;

/** Parts of a byte, of limits and of requests. */
export function fractionWarnings(path: string, resources: { readonly limits?: Amounts; readonly requests?: Amounts } = {}, names: readonly string[]): string[] {
  return names.flatMap((name) => (['limits', 'requests'] as const).flatMap((side) => fractionWarning(`${path}.${side}[${name}]`, resources[side]?.[name])));
}

export function fractionWarning(field: string, amount: string | number | undefined): string[] {
  if (amount === undefined || WHOLE.test(String(amount))) return [];
  // What is no quantity, the rules refuse.
  if (!isQuantity(amount)) return [];
  const milli = parseQuantity(amount);
  return milli % 1000n === 0n ? [] : [`${field}: fractional byte value ${JSON.stringify(formatQuantity(milli))} is invalid, must be an integer`];
}
