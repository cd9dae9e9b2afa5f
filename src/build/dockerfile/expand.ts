import { readGlob, replace, trimEnd, trimStart } from './glob.ts';

/** How a variable is used where it stands. */
export interface VariableUse {
  /** Empty for `$NAME` and `${NAME}`. */
  readonly modifier: string;
  /** Where its `$` stands in the text. */
  readonly offset: number;
}
/** Looks a variable up; undefined when it is not set. */
export type Lookup = (name: string, use: VariableUse) => string | undefined;

export class ExpansionError extends Error {
  /** What to write instead. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

const CLOSE = 'close it with }, or write \\$ for a dollar sign';
const CLOSE_QUOTE = 'close the quote, or write \\ before it';

const NAME = /\d+|[@*#?$!-]|[\p{L}_][\p{L}\p{Nd}_]*/uy;
const DEPTH_MAX = 64;
/** Longer than any variable that a kernel takes. */
const LENGTH_MAX = 4 * 2 ** 20;

/**
 * Expands `$NAME`, `${NAME}` and the modifiers `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, and removes quotes and escapes
 * (Dockerfile reference, "Environment replacement"). Single quotes keep their content as it is. Errors: `ExpansionError`.
 */
export function expand(text: string, lookup: Lookup, escape = '\\'): string {
  return new Expander(text, lookup, { escape, quotes: true }).top().join('');
}

/** Expands like `expand` and splits at the white space that no quote and no escape protects, that of variables included. */
export function expandWords(text: string, lookup: Lookup, escape = '\\'): readonly string[] {
  const words: string[] = [];
  let word = '';
  for (const [index, piece] of new Expander(text, lookup, { escape, quotes: true }).top().entries()) {
    // Pieces at odd places are protected.
    const parts = index % 2 === 1 ? [piece] : piece.split(/\s+/);
    for (const [at, part] of parts.entries()) {
      if (at > 0 && word !== '') words.push(word);
      word = at > 0 ? part : word + part;
    }
  }
  return word === '' ? words : [...words, word];
}

/** Expands the content of a here-document: quotes stay, `\` takes the meaning from the character after it. Errors: `ExpansionError`. */
export function expandHeredoc(content: string, lookup: Lookup): string {
  return new Expander(content, lookup, { escape: '\\', quotes: false }).top().join('');
}

class Expander {
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #escape: string;
  readonly #quotes: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, lookup: Lookup, { escape, quotes }: { escape: string; quotes: boolean }) {
    this.#text = text;
    this.#lookup = lookup;
    this.#escape = escape;
    this.#quotes = quotes;
  }

  /** The whole, as pieces: one that white space may split, one that it may not, and so on. */
  top(): readonly string[] {
    const pieces: string[][] = [[]];
    let length = 0;
    while (this.#at < this.#text.length) {
      const { part, hard } = this.#next(false);
      if ((pieces.length % 2 === 0) !== hard) pieces.push([]);
      pieces.at(-1)?.push(part);
      length += part.length;
      if (length > LENGTH_MAX) throw new ExpansionError(`the result is longer than the ${LENGTH_MAX} characters allowed`);
    }
    return pieces.map((piece) => piece.join(''));
  }

  /** Until `stop` outside quotes, which is consumed; `raw` keeps the escapes, for patterns. */
  #until(stop: string, raw: boolean): string {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new ExpansionError(`variables are nested deeper than the ${DEPTH_MAX} allowed`);
    const parts: string[] = [];
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === stop) {
        this.#at += 1;
        this.#depth -= 1;
        return parts.join('');
      }
      parts.push(this.#next(raw).part);
    }
    if (stop === '/') throw new ExpansionError("syntax error: missing '/' in ${}", 'write ${NAME/pattern/replacement}');
    throw new ExpansionError("syntax error: missing '}'", CLOSE);
  }

  #next(raw: boolean): { part: string; hard: boolean } {
    const char = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
    if (char === '$') return { part: this.#variable(), hard: false };
    if (this.#quotes && char === "'") return { part: this.#single(), hard: true };
    if (this.#quotes && char === '"') return { part: this.#double(raw), hard: true };
    this.#at += char.length;
    if (char !== this.#escape) return { part: char, hard: false };
    const next = this.#text.codePointAt(this.#at);
    if (next === undefined) return { part: raw ? '\\' : '', hard: true };
    const escaped = String.fromCodePoint(next);
    this.#at += escaped.length;
    return { part: raw ? `\\${escaped}` : escaped, hard: true };
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new ExpansionError('unexpected end of statement while looking for matching single-quote', CLOSE_QUOTE);
    const content = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return content;
  }

  #double(raw: boolean): string {
    const parts: string[] = [];
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new ExpansionError('unexpected end of statement while looking for matching double-quote', CLOSE_QUOTE);
      const next = this.#text[this.#at + 1] ?? '';
      if (char === '$') parts.push(this.#variable());
      else if (char === this.#escape && next !== '' && ['"', '$', this.#escape].includes(next)) {
        parts.push(raw ? `\\${next}` : next);
        this.#at += 2;
      } else {
        this.#at += 1;
        if (char === '"') return parts.join('');
        parts.push(char);
      }
    }
  }

  #variable(): string {
    const offset = this.#at;
    this.#at += 1;
    if (this.#text[this.#at] === '{') {
      this.#at += 1;
      return this.#braced(offset);
    }
    const name = this.#name();
    return name === '' ? '$' : (this.#lookup(name, { modifier: '', offset }) ?? '');
  }

  #name(): string {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0] ?? '';
    this.#at += name.length;
    return name;
  }

  #braced(offset: number): string {
    if (this.#at >= this.#text.length) throw new ExpansionError("syntax error: missing '}'", CLOSE);
    const name = this.#name();
    if (name === '') throw new ExpansionError('syntax error: bad substitution', 'write the name of a variable, as in ${NAME}');
    const modifier = /^(?:\}|:?[-+?]|##|#|%%|%|\/\/|\/|:?[\s\S]?)/u.exec(this.#text.slice(this.#at, this.#at + 4))?.[0] ?? '';
    this.#at += modifier.length;
    if (modifier === '') throw new ExpansionError("syntax error: missing '}'", CLOSE);
    const look = () => this.#lookup(name, { modifier: modifier === '}' ? '' : modifier, offset });
    switch (modifier) {
      case '}':
        return look() ?? '';
      case ':-':
      case '-':
      case ':+':
      case '+':
      case ':?':
      case '?':
        return choose(name, look(), modifier, this.#until('}', false));
      case '#':
      case '##':
        return trimStart(globOf(this.#until('}', true)), look() ?? '', modifier === '##');
      case '%':
      case '%%':
        return trimEnd(globOf(this.#until('}', true)), look() ?? '', modifier === '%%');
      case '/':
      case '//': {
        const pattern = this.#until('/', true);
        const replacement = this.#until('}', true);
        return replace(globOf(pattern), look() ?? '', replacement, modifier === '//');
      }
      default:
        throw new ExpansionError(`unsupported modifier (${modifier}) in substitution`, 'the modifiers are :- - :+ + :? ? # ## % %% / and //');
    }
  }
}

function choose(name: string, value: string | undefined, modifier: string, word: string): string {
  const set = value !== undefined && !(modifier.startsWith(':') && value === '');
  if (modifier.endsWith('-')) return set ? value : word;
  if (modifier.endsWith('+')) return set ? word : '';
  if (set) return value;
  throw new ExpansionError(
    `${name}: ${word === '' ? `is not allowed to be ${value === undefined ? 'unset' : 'empty'}` : word}`,
    `give it by --build-arg ${name}=VALUE to an ARG ${name} above, or set it with ENV`,
  );
}

function globOf(pattern: string): NonNullable<ReturnType<typeof readGlob>> {
  const glob = readGlob(pattern);
  if (glob === undefined) throw new ExpansionError(`invalid pattern (${pattern}) in substitution: a \\ may stand before *, ?, \\, / and } only`);
  return glob;
}
