import { DockerfileError } from '../errors.ts';

/** The JSON form of an instruction (`["a", "b"]`), or undefined where the text is not a JSON list of strings: then it is the shell form. */
export function jsonForm(text: string): readonly string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Docker's rule: what is not valid JSON is a shell command that happens to begin with a bracket.
    return undefined;
  }
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}

/** Splits at white space; quotes and the escape character keep white space together and stay in the words (expansion removes them). */
export function splitWords(text: string, escape: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let started = false;
  let quote = '';
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (started) words.push(word);
      word = '';
      started = false;
      continue;
    }
    started = true;
    word += char;
    if (char === escape && quote !== "'" && index + 1 < text.length) {
      index += 1;
      word += text[index] ?? '';
    } else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
  }
  if (started) words.push(word);
  return words;
}

export interface Flag {
  readonly name: string;
  /** Undefined for a bare `--name`. */
  readonly value: string | undefined;
}

/** Takes the leading `--name[=value]` words off. */
export function leadingFlags(text: string): { readonly flags: readonly Flag[]; readonly rest: string } {
  const flags: Flag[] = [];
  let rest = text;
  for (;;) {
    const match = /^--([a-z][a-z-]*)(?:=("[^"]*"|\S*))?(?:\s+|$)/.exec(rest);
    if (!match) return { flags, rest };
    flags.push({ name: match[1] ?? '', value: match[2]?.replace(/^"(.*)"$/, '$1') });
    rest = rest.slice(match[0].length);
  }
}

/** `NAME=value NAME="other value"`, or for ENV and LABEL the old `NAME the rest`; still unexpanded. */
export function pairs(text: string, options: { escape: string; line: number; instruction: string; oldForm: boolean }): readonly (readonly [string, string])[] {
  const words = splitWords(text, options.escape);
  const first = words[0];
  if (first === undefined) throw new DockerfileError(options.line, `${options.instruction} requires at least one argument`);
  if (options.oldForm && !first.includes('=')) {
    if (words.length < 2)
      throw new DockerfileError(options.line, `${options.instruction} must have two arguments: write ${options.instruction} ${first}=value`);
    return [[first, text.slice(first.length).trim()]];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw new DockerfileError(options.line, `Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
}
