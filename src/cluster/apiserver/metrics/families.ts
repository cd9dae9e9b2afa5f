type Labels = Readonly<Record<string, string>>;

/** One number that counts up, or up and down; whoever counts keeps it. */
export interface Count {
  value: number;
}

/** Numbers by their labels, under one name (Prometheus' text format, 0.0.4). */
export class Family {
  readonly #name: string;
  readonly #help: string;
  readonly #type: 'counter' | 'gauge';
  readonly #counts = new Map<string, Count>();

  constructor(name: string, type: 'counter' | 'gauge', help: string) {
    this.#name = name;
    this.#type = type;
    this.#help = help;
  }

  /** The count of those labels, which come in the same order each time. */
  of(labels: Labels): Count {
    const key = labelText(labels);
    const known = this.#counts.get(key);
    if (known) return known;
    const made = { value: 0 };
    this.#counts.set(key, made);
    return made;
  }

  lines(): string[] {
    return [...head(this.#name, this.#type, this.#help), ...[...this.#counts].map(([key, { value }]) => `${this.#name}{${key}} ${value}`)];
  }
}

/** How many took how long, by labels. */
export interface Durations {
  /** How many fell into each bucket, and behind the last. */
  readonly counts: number[];
  sum_s: number;
}

export class Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds_s: readonly number[];
  readonly #all = new Map<string, Durations>();

  constructor(name: string, help: string, bounds_s: readonly number[]) {
    this.#name = name;
    this.#help = help;
    this.#bounds_s = bounds_s;
  }

  of(labels: Labels): Durations {
    const key = labelText(labels);
    const known = this.#all.get(key);
    if (known) return known;
    const made = { counts: new Array<number>(this.#bounds_s.length + 1).fill(0), sum_s: 0 };
    this.#all.set(key, made);
    return made;
  }

  observe(durations: Durations, seconds: number): void {
    let index = 0;
    while (index < this.#bounds_s.length && seconds > (this.#bounds_s[index] ?? 0)) index += 1;
    durations.counts[index] = (durations.counts[index] ?? 0) + 1;
    durations.sum_s += seconds;
  }

  lines(): string[] {
    return [...head(this.#name, 'histogram', this.#help), ...[...this.#all].flatMap(([key, durations]) => this.#linesOf(key, durations))];
  }

  #linesOf(key: string, { counts, sum_s }: Durations): string[] {
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      return `${this.#name}_bucket{${key},le="${this.#bounds_s[index] ?? '+Inf'}"} ${total}`;
    });
    return [...buckets, `${this.#name}_sum{${key}} ${sum_s}`, `${this.#name}_count{${key}} ${total}`];
  }
}

export function head(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${SPECIAL.test(value) ? escaped(value) : value}"`)
    .join(',');
}

const SPECIAL = /[\\"\n]/;
const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
