/** One measured thing; `reachFor` is the most that it should be, or the least where `more` is better. */
export interface Measured {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly reachFor?: number;
  readonly more?: boolean;
  /** Whose it is: Gantry's when left out. */
  readonly of?: string;
}

/** Prints one line of JSON: median, least and most. Answers the median. */
export function report({ what, unit, values, reachFor, more, of }: Measured): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rounded = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)].map((value) => Math.round((value ?? Number.NaN) * 100) / 100);
  const [median = Number.NaN, min, max] = rounded;
  const reached = reachFor === undefined || of !== undefined ? {} : { reachFor, reached: more ? median >= reachFor : median <= reachFor };
  process.stdout.write(`${JSON.stringify({ what, ...(of === undefined ? {} : { of }), unit, median, min, max, count: values.length, ...reached })}\n`);
  return median;
}
