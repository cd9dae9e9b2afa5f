/** One measured thing; `reachFor` is the most that it should be. */
export interface Measured {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly reachFor?: number;
}

/** Prints one line of JSON: median, least and most. */
export function report({ what, unit, values, reachFor }: Measured): void {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, min, max] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)].map((value) => Math.round((value ?? Number.NaN) * 100) / 100);
  process.stdout.write(`${JSON.stringify({ what, unit, median, min, max, count: values.length, ...(reachFor === undefined ? {} : { reachFor }) })}\n`);
}
