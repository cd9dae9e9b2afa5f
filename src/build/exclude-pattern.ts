import { type NameToken, readNamePattern } from './ignore-pattern.ts';

/**
 * Source of a regular expression over whole paths for a pattern of `--exclude`: Go's `filepath.Match` for each part, `**` as any number of
 * folders. The shortest beginning that fits is taken and never gone back on, which is enough for such patterns; so the time is in proportion
 * to pattern times path times the longest name, whatever they are. Errors: `SyntaxError` naming the pattern.
 */
export function excludeSource(pattern: string): string {
  return new Writer(pattern).source();
}

/** Numbers the groups of one expression. */
class Writer {
  readonly #pattern: string;
  #groups = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  source(): string {
    const sections = splitAt(this.#pattern.split('/'), (part) => part === '**');
    const last = sections.length - 1;
    return sections
      .map((section, index) => {
        const names = section.map((part) => this.#name(part)).join('/');
        if (index === 0) return index === last || section.length === 0 ? names : `${names}/`;
        // `**` at the end stands for something that is there.
        if (index === last) return section.length === 0 ? '.+' : `(?:[^/]+/)*${names}`;
        return section.length === 0 ? '' : this.#settled(`(?:[^/]+/)*?${names}/`);
      })
      .join('');
  }

  #name(part: string): string {
    const runs = splitAt(readNamePattern(part, this.#pattern), ({ kind }) => kind === 'run');
    const last = runs.length - 1;
    return runs
      .map((run, index) => {
        const text = run.map(tokenSource).join('');
        if (index === 0) return text;
        if (index === last) return `[^/]*${text}(?![^/])`;
        return text === '' ? '' : this.#settled(`[^/]*?${text}`);
      })
      .join('');
  }

  /** What matched is not tried again in another way. */
  #settled(source: string): string {
    const group = `g${(this.#groups += 1)}`;
    return `(?=(?<${group}>${source}))\\k<${group}>`;
  }
}

function tokenSource(token: NameToken): string {
  switch (token.kind) {
    case 'run':
      throw new TypeError('a run stands between the tokens of a name');
    case 'one':
      return '[^/]';
    case 'char':
      return codePoint(token.char);
    case 'class': {
      const ranges = token.ranges
        // A range the wrong way round holds nothing, as in Go.
        .filter(([low, high]) => order(low) <= order(high))
        .map(([low, high]) => `${codePoint(low)}-${codePoint(high)}`)
        .join('');
      return token.negated ? `[^/${ranges}]` : `(?!/)[${ranges}]`;
    }
  }
}

function codePoint(char: string): string {
  return `\\u{${order(char).toString(16)}}`;
}

function order(char: string): number {
  return char.codePointAt(0) ?? 0;
}

function splitAt<T>(items: readonly T[], isBorder: (item: T) => boolean): readonly (readonly T[])[] {
  const pieces: T[][] = [[]];
  for (const item of items) {
    if (isBorder(item)) pieces.push([]);
    else pieces.at(-1)?.push(item);
  }
  return pieces;
}
