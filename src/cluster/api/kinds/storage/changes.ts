import { isDeepStrictEqual } from 'node:util';
import { isQuantity, parseQuantity } from '../../quantity.ts';

/** What a change of a part that must stay as it is would change: a line each for what was there and what is to be, shown as they were written. */
export function changedLines(before: object = {}, after: object = {}, shownBefore = before, shownAfter = after): string {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return fields
    .flatMap((field) => {
      const [old, now] = [Reflect.get(before, field), Reflect.get(after, field)];
      if (isDeepStrictEqual(old, now)) return [];
      const [was, is]: readonly unknown[] = [Reflect.get(shownBefore, field), Reflect.get(shownAfter, field)];
      return [...(was === undefined ? [] : [`- ${field}: ${JSON.stringify(was)}`]), ...(is === undefined ? [] : [`+ ${field}: ${JSON.stringify(is)}`])];
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
