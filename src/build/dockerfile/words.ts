import type { Phrase } from './phrase.ts';

/** What a text in brackets is: a list of strings, a JSON list of other things, or no JSON, which makes it a shell command. */
type JsonForm = { readonly kind: 'words'; readonly words: readonly string[] } | { readonly kind: 'not-strings' } | { readonly kind: 'none' };

/** Reads the JSON form of an instruction (`["a", "b"]`). */
function jsonForm(text: string): JsonForm {
  if (!text.startsWith('[')) return { kind: 'none' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Docker's rule: what is not valid JSON is a shell command that happens to begin with a bracket.
    return { kind: 'none' };
  }
  if (!Array.isArray(value)) return { kind: 'none' };
  return value.every((item) => typeof item === 'string') ? { kind: 'words', words: value } : { kind: 'not-strings' };
}

/** The words of the JSON form, or undefined for the other form. Errors: `DockerfileSyntaxError` for a list of other things than strings. */
export function jsonWords(phrase: Phrase): readonly string[] | undefined {
  const form = jsonForm(phrase.text);
  if (form.kind === 'not-strings')
    return phrase.refuse(
      'when using JSON array syntax, arrays must be comprised of strings only',
      `put each word in double quotes, as in ${phrase.name} ["a", "b"]`,
      0,
    );
  return form.kind === 'words' ? form.words : undefined;
}

/** A word with its place in the phrase. */
export interface Word {
  readonly text: string;
  readonly offset: number;
  /** A quote in it is not closed; the word goes on to the end. */
  readonly open?: true;
}

/** Splits at white space; quotes and the escape character keep white space together and stay in the words (expansion removes them). */
export function splitWords(text: string, escape: string): readonly Word[] {
  const words: Word[] = [];
  let start = -1;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (start >= 0) words.push({ text: text.slice(start, at), offset: start });
      start = -1;
      continue;
    }
    if (start < 0) start = at;
    if (char === escape && quote !== "'") at += 1;
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
  }
  if (start >= 0) words.push({ text: text.slice(start), offset: start, ...(quote === '' ? {} : { open: true }) });
  return words;
}

/** Splits at white space alone. */
export function plainWords(text: string): readonly Word[] {
  return [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], offset: match.index }));
}

export interface Pairs {
  readonly pairs: readonly (readonly [string, string])[];
  /** The form without an equals sign. */
  readonly old: boolean;
}

/** `NAME=value NAME="other value"`, or the old `NAME the rest`; still unexpanded. Errors: `DockerfileSyntaxError`. */
export function readPairs(phrase: Phrase): Pairs {
  const { name: instruction, text, escape } = phrase;
  const words = splitWords(text, escape);
  const first = words[0];
  if (first === undefined) return phrase.refuse(`${instruction} requires at least one argument`, `write ${instruction} NAME=value`);
  if (!first.text.includes('=')) {
    const [name = '', value] = /^(\S+)\s+([\s\S]*)$/.exec(text)?.slice(1) ?? [];
    if (value === undefined) return phrase.refuse(`${instruction} must have two arguments`, `write ${instruction} ${first.text}=value`, 0);
    return { pairs: [[name, value]], old: true };
  }
  const pairs = words.map(({ text: word, offset }) => {
    const at = word.indexOf('=');
    if (at < 0)
      return phrase.refuse(
        `Syntax error - can't find = in ${JSON.stringify(word)}. Must be of the form: name=value`,
        'a value with white space needs quotes',
        offset,
      );
    if (at === 0) return phrase.refuse(`${instruction} names can not be blank`, 'write a name before the =', offset);
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return { pairs, old: false };
}
