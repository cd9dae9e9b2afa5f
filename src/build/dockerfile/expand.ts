/** Looks a variable up; undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export class ExpansionError extends Error {}

/**
 * Expands `$NAME`, `${NAME}` and the modifiers `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`, and removes quotes and escapes
 * (Dockerfile reference, "Environment replacement"). Single quotes keep their content as it is.
 */
export function expand(word: string, lookup: Lookup, escape = '\\'): string {
  return new Expander(word, lookup, escape).all('');
}

class Expander {
  readonly #text: string;
  readonly #lookup: Lookup;
  readonly #escape: string;
  #at = 0;

  constructor(text: string, lookup: Lookup, escape: string) {
    this.#text = text;
    this.#lookup = lookup;
    this.#escape = escape;
  }

  /** Until the end, or until `stop` outside quotes, which is not consumed. */
  all(stop: string): string {
    let out = '';
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? '';
      if (char === stop) return out;
      if (char === "'") out += this.#single();
      else if (char === '"') out += this.#double();
      else if (char === '$') out += this.#variable();
      else if (char === this.#escape) out += this.#escaped();
      else {
        out += char;
        this.#at += 1;
      }
    }
    if (stop !== '') throw new ExpansionError(`missing "${stop}" in "${this.#text}"`);
    return out;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new ExpansionError(`unexpected end of statement while looking for matching single-quote in "${this.#text}"`);
    const content = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return content;
  }

  #double(): string {
    let out = '';
    this.#at += 1;
    for (;;) {
      const char = this.#text[this.#at];
      if (char === undefined) throw new ExpansionError(`unexpected end of statement while looking for matching double-quote in "${this.#text}"`);
      if (char === '"') {
        this.#at += 1;
        return out;
      }
      if (char === '$') out += this.#variable();
      else if (char === this.#escape && ['"', '$', this.#escape].includes(this.#text[this.#at + 1] ?? '')) out += this.#escaped();
      else {
        out += char;
        this.#at += 1;
      }
    }
  }

  #escaped(): string {
    const next = this.#text[this.#at + 1];
    this.#at += 2;
    return next ?? this.#escape;
  }

  #variable(): string {
    this.#at += 1;
    if (this.#text[this.#at] === '{') return this.#braced();
    const name = /^(?:[A-Za-z_]\w*|\d|[@*#?$!-])/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) return '$';
    this.#at += name.length;
    return this.#lookup(name) ?? '';
  }

  #braced(): string {
    this.#at += 1;
    const name = /^\w+/.exec(this.#text.slice(this.#at))?.[0];
    if (name === undefined) throw new ExpansionError(`bad substitution in "${this.#text}": a variable's name must follow "\${"`);
    this.#at += name.length;
    const operator = /^(?:\}|:[-+?]|[-+?]|##|#|%%|%|\/\/|\/)/.exec(this.#text.slice(this.#at))?.[0];
    if (operator === undefined) throw new ExpansionError(`unsupported modifier in substitution "\${${name}${this.#text.slice(this.#at)}"`);
    this.#at += operator.length;
    const value = this.#lookup(name);
    if (operator === '}') return value ?? '';
    const first = this.all(operator.startsWith('/') ? '/' : '}');
    this.#at += 1;
    if (!operator.startsWith('/')) return applyModifier(name, value, operator, first);
    const replacement = this.all('}');
    this.#at += 1;
    const pattern = new RegExp(globSource(first, true), operator === '//' ? 'g' : '');
    return (value ?? '').replace(pattern, () => replacement);
  }
}

function applyModifier(name: string, value: string | undefined, operator: string, word: string): string {
  const set = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined;
  switch (operator) {
    case ':-':
    case '-':
      return set ? (value ?? '') : word;
    case ':+':
    case '+':
      return set ? word : '';
    case ':?':
    case '?':
      if (!set) throw new ExpansionError(`${name}: ${word === '' ? 'is not allowed to be unset' : word}`);
      return value ?? '';
    case '#':
    case '##':
      return (value ?? '').replace(new RegExp(`^${globSource(word, operator === '##')}`), '');
    default:
      return trimSuffix(value ?? '', word, operator === '%%');
  }
}

function trimSuffix(value: string, pattern: string, greedy: boolean): string {
  const matcher = new RegExp(`^${globSource(pattern, true)}$`);
  const starts = Array.from({ length: value.length + 1 }, (_, index) => (greedy ? index : value.length - index));
  const start = starts.find((index) => matcher.test(value.slice(index)));
  return start === undefined ? value : value.slice(0, start);
}

function globSource(pattern: string, greedy: boolean): string {
  return Array.from(pattern, (char) => {
    if (char === '*') return greedy ? '[\\s\\S]*' : '[\\s\\S]*?';
    if (char === '?') return '[\\s\\S]';
    return char.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  }).join('');
}
