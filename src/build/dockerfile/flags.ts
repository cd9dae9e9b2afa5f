import type { Phrase } from './phrase.ts';
import { suggestion } from './suggest.ts';

/** `text` once, `texts` any number of times, `switch` alone or with `=true` or `=false`. */
export type FlagKind = 'text' | 'texts' | 'switch';
interface Flag {
  /** As written, without the dashes: `name` or `name=value`. */
  readonly word: string;
  readonly offset: number;
}

/** The flags of an instruction, read by what they are. */
export interface Flags {
  text(name: string): string | undefined;
  texts(name: string): readonly string[] | undefined;
  /** Undefined when it is not given. */
  switch(name: string): boolean | undefined;
  /** Where a flag stands in the phrase. */
  offset(name: string): number;
}

/**
 * Takes the leading `--name[=value]` words off; `--` alone ends them. Quotes keep white space together and are taken off, as is the
 * escape character. Errors: `DockerfileSyntaxError` for an unknown, doubled or valueless flag.
 */
export function takeFlags(phrase: Phrase, known: Readonly<Record<string, FlagKind>>): { readonly flags: Flags; readonly rest: Phrase } {
  const { flags, end } = leadingFlags(phrase);
  const found = new Map<string, { values: string[]; offset: number }>();
  for (const { word, offset } of flags) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) return phrase.refuse(`unknown flag: --${name}${suggestion(name, Object.keys(known), '--')}`, takes(phrase.name, known), offset);
    const earlier = found.get(name);
    if (earlier && kind !== 'texts') return phrase.refuse(`duplicate flag specified: --${name}`, 'write it once', offset);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    checkValue(phrase, { name, kind, value, offset });
    if (earlier) earlier.values.push(value ?? 'true');
    else found.set(name, { values: [value ?? 'true'], offset });
  }
  return {
    rest: phrase.from(end),
    flags: {
      text: (name) => found.get(name)?.values[0],
      texts: (name) => found.get(name)?.values,
      switch: (name) => (found.has(name) ? found.get(name)?.values[0]?.toLowerCase() === 'true' : undefined),
      offset: (name) => found.get(name)?.offset ?? 0,
    },
  };
}

function checkValue(phrase: Phrase, { name, kind, value, offset }: { name: string; kind: FlagKind; value: string | undefined; offset: number }): void {
  if (kind !== 'switch' && value === undefined) phrase.refuse(`missing a value on flag: --${name}`, `write --${name}=VALUE`, offset);
  if (kind === 'switch' && value === '') phrase.refuse(`missing a value on flag: --${name}`, `write --${name}, or --${name}=false`, offset);
  if (kind === 'switch' && value !== undefined && !/^(?:true|false)$/i.test(value))
    phrase.refuse(`expecting boolean value for flag --${name}, not: ${value}`, 'write true or false', offset);
}

function takes(instruction: string, known: Readonly<Record<string, FlagKind>>): string {
  const names = Object.keys(known).map((name) => `--${name}`);
  if (names.length === 0) return `${instruction} takes no flags; where the word is meant as it is, write -- before it`;
  return `${instruction} takes ${names.join(', ')}`;
}

function leadingFlags({ text, escape }: Phrase): { flags: readonly Flag[]; end: number } {
  const flags: Flag[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) at += 1;
    if (!text.startsWith('--', at)) return { flags, end: at };
    const { word, end } = unquotedWord(text, at + 2, escape);
    if (word === '') return { flags, end };
    flags.push({ word, offset: at });
    at = end;
  }
}

/** The word that begins at `start`, its quotes and escapes taken off. */
function unquotedWord(text: string, start: number, escape: string): { word: string; end: number } {
  let word = '';
  let quote = '';
  let at = start;
  for (; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) break;
    if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === escape) word += text[(at += 1)] ?? '';
    else word += char;
  }
  return { word, end: Math.min(at, text.length) };
}
