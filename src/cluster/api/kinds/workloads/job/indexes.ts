/** Indexes of an indexed Job as they are written: `1,3-5`. */
export type Interval = readonly [first: number, last: number];

/** Reads one interval, or says what is wrong with it. */
export function readInterval(text: string, completions: number): Interval | string {
  const limits = text.split('-');
  if (limits.length > 2)
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`;
  const numbers: number[] = [];
  for (const limit of limits) {
    if (!/^\d+$/.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`;
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`;
    numbers.push(Number(limit));
  }
  const [first = 0, last = first] = numbers;
  return limits.length === 2 && first >= last ? `non-increasing order, previous: ${first}, current: ${last}` : [first, last];
}

/** How many indexes a text names, or what is wrong with it. */
export function countIndexes(text: string, completions: number): number | string {
  let count = 0;
  let previous = -1;
  for (const part of text === '' ? [] : text.split(',')) {
    const interval = readInterval(part, completions);
    if (typeof interval === 'string') return interval;
    const [first, last] = interval;
    if (previous >= first) return `non-increasing order, previous: ${previous}, current: ${first}`;
    count += last - first + 1;
    previous = last;
  }
  return count;
}

/** The first index that both texts name. What can't be read is skipped: its own words were said. */
export function overlapOf(one: string, other: string, completions: number): number | undefined {
  const read = (text: string) => (text === '' ? [] : text.split(',')).map((part) => readInterval(part, completions)).filter((part) => typeof part !== 'string');
  const [ones, others] = [read(one), read(other)];
  let [at, otherAt] = [0, 0];
  while (at < ones.length && otherAt < others.length) {
    const [[a, b] = [0, 0], [c, d] = [0, 0]] = [ones[at], others[otherAt]];
    if (a <= d && c <= b) return Math.max(a, c);
    if (a <= c) at++;
    else otherAt++;
  }
  return undefined;
}
