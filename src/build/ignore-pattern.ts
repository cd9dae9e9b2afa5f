/** Tells whether a path, given as its parts, or a folder that it lies in fits. */
export type PathTest = (parts: readonly string[]) => boolean;

/** One place of a part: any run, any one character, one character, or one of a class. */
export type NameToken = { readonly kind: 'run' } | { readonly kind: 'one' } | { readonly kind: 'char'; readonly char: string } | CharacterClass;
interface CharacterClass {
  readonly kind: 'class';
  readonly negated: boolean;
  readonly ranges: readonly (readonly [string, string])[];
}
/** `**` on its own stands for any number of folders. */
type Part = '**' | ((name: string) => boolean);

/**
 * Compiles a cleaned pattern: Go's `filepath.Match` for each part of the path, and `**` as any number of parts. Matching takes time in
 * proportion to pattern times path, whatever they are. Errors: `SyntaxError` naming the pattern.
 */
export function compilePath(pattern: string): PathTest {
  const parts: Part[] = pattern.split('/').map((part) => (part === '**' ? part : namePattern(part, pattern)));
  // `**` at the end stands for something that is there, so the folder itself does not fit `folder/**`.
  const last = parts.at(-1) === '**' ? [...parts, () => true] : parts;
  return (path) => fitsBeginning(last, path);
}

/** Compiles a pattern for one name: a part of a path. Errors: `SyntaxError` naming the pattern. */
export function namePattern(text: string, whole = text): (name: string) => boolean {
  if (!/[*?[\\]/.test(text)) return (name) => name === text;
  const tokens = readNamePattern(text, whole);
  return plainTest(tokens) ?? ((name) => fitsName(tokens, Array.from(name)));
}

/** What most patterns are: anything, `*.ending` or `beginning*`, or no pattern but for its escapes. */
function plainTest(tokens: readonly NameToken[]): ((name: string) => boolean) | undefined {
  const runs = tokens.filter(({ kind }) => kind === 'run').length;
  if (runs === tokens.length) return () => true;
  if (runs > 1 || !tokens.every(({ kind }) => kind === 'run' || kind === 'char')) return undefined;
  const text = tokens.map((token) => (token.kind === 'char' ? token.char : '')).join('');
  if (runs === 0) return (name) => name === text;
  if (tokens[0]?.kind === 'run') return (name) => name.endsWith(text);
  return tokens.at(-1)?.kind === 'run' ? (name) => name.startsWith(text) : undefined;
}

/** The whole pattern against the whole path or its first parts: the way back leads to the last `**` only, which is enough. */
function fitsBeginning(pattern: readonly Part[], path: readonly string[]): boolean {
  let [at, place] = [0, 0];
  let back: { at: number; place: number } | undefined;
  for (;;) {
    const part = pattern[at];
    // All of the pattern is used up: what fits is the path so far, which holds the rest.
    if (part === undefined) return true;
    if (part === '**') {
      at += 1;
      back = { at, place };
      continue;
    }
    const name = path[place];
    if (name !== undefined && part(name)) {
      at += 1;
      place += 1;
    } else if (back !== undefined && back.place < path.length) {
      back.place += 1;
      ({ at, place } = back);
    } else return false;
  }
}

function fitsName(tokens: readonly NameToken[], name: readonly string[]): boolean {
  let [at, place] = [0, 0];
  let back: { at: number; place: number } | undefined;
  while (place < name.length || at < tokens.length) {
    const token = tokens[at];
    if (token?.kind === 'run') {
      at += 1;
      back = { at, place };
    } else if (token !== undefined && place < name.length && fitsToken(token, name[place] ?? '')) {
      at += 1;
      place += 1;
    } else if (back !== undefined && back.place < name.length) {
      back.place += 1;
      ({ at, place } = back);
    } else return false;
  }
  return true;
}

function fitsToken(token: Exclude<NameToken, { kind: 'run' }>, char: string): boolean {
  switch (token.kind) {
    case 'one':
      return true;
    case 'char':
      return token.char === char;
    case 'class':
      return token.ranges.some(([low, high]) => order(low) <= order(char) && order(char) <= order(high)) !== token.negated;
  }
}

function order(char: string): number {
  return char.codePointAt(0) ?? 0;
}

/** Reads a pattern for one name. Errors: `SyntaxError` naming the pattern. */
export function readNamePattern(text: string, whole: string): readonly NameToken[] {
  const chars = Array.from(text);
  const tokens: NameToken[] = [];
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    if (char === '*') {
      if (tokens.at(-1)?.kind !== 'run') tokens.push({ kind: 'run' });
    } else if (char === '?') tokens.push({ kind: 'one' });
    else if (char === '[') {
      const { token, end } = readClass(chars, at + 1, whole);
      tokens.push(token);
      at = end;
    } else if (char === '\\') {
      const next = chars[(at += 1)];
      if (next === undefined) throw wrong(whole, '"\\" stands at its end');
      tokens.push({ kind: 'char', char: next });
    } else tokens.push({ kind: 'char', char });
  }
  return tokens;
}

/** Reads `a-z]` or `^a-z]`; `end` is the bracket's place. */
function readClass(chars: readonly string[], start: number, whole: string): { token: CharacterClass; end: number } {
  const negated = chars[start] === '^';
  const ranges: (readonly [string, string])[] = [];
  let at = negated ? start + 1 : start;
  const bound = (): string => {
    const char = chars[at];
    if (char === undefined) throw wrong(whole, '"[" is not closed');
    if (char === '-' || char === ']') throw wrong(whole, `"${char}" stands where a character should, in "[…]"`);
    if (char === '\\') at += 1;
    const found = chars[at++];
    if (found === undefined) throw wrong(whole, '"[" is not closed');
    return found;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const low = bound();
    if (chars[at] !== '-') ranges.push([low, low]);
    else {
      at += 1;
      ranges.push([low, bound()]);
    }
  }
  return { token: { kind: 'class', negated, ranges }, end: at };
}

function wrong(pattern: string, problem: string): SyntaxError {
  return new SyntaxError(`syntax error in pattern "${pattern}": ${problem}`);
}
