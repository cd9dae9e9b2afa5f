import { isDeepStrictEqual } from 'node:util';
import { isQuantity, parseQuantity } from '../../quantity.ts';

/** What a change of a part that must stay as it is would change: a line each for what was there and what is to be. */
export function changedLines(before: object = {}, after: object = {}): string {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return fields
    .flatMap((field) => {
      const [old, now] = [Reflect.get(before, field), Reflect.get(after, field)];
      if (isDeepStrictEqual(old, now)) return [];
      return [...(old === undefined ? [] : [`- ${field}: ${JSON.stringify(old)}`]), ...(now === undefined ? [] : [`+ ${field}: ${JSON.stringify(now)}`])];
    })
    .join('\n');
}

/** The same amounts written in one way, so that they compare. */
export function plainAmounts(amounts: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(amounts ?? {}).map(([name, amount]) => [name, isQuantity(amount) ? `${parseQuantity(amount)}m` : amount]));
}

/** The amount in thousandths; 0 where it isn't there or is none, which the model has refused. */
export function amountOf(text: string | undefined): bigint {
  return text !== undefined && isQuantity(text) ? parseQuantity(text) : 0n;
}
