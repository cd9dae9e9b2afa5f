/** A here-document with what it holds. */
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** The delimiter was not quoted: variables in the content are expanded. */
  readonly expand: boolean;
}
/** `<<NAME` as it stands in the instruction. */
export interface HeredocStart {
  readonly name: string;
  readonly expand: boolean;
  /** `<<-`: tabs before each line are taken off. */
  readonly strip: boolean;
}

const TAKES_HEREDOCS = /^(?:ONBUILD\s+)?(?:RUN|COPY|ADD)\s/i;
/** No file has a longer name. */
const NAME_LENGTH_MAX = 255;
const WORD = /^\d*<<(-?)\s*([^<]+)$/;

/** The here-documents that an instruction begins (reference, "Here-documents"). Pure. */
export function heredocsOf(text: string): readonly HeredocStart[] {
  if (!text.includes('<<') || !TAKES_HEREDOCS.test(text)) return [];
  if (isJsonForm(text.replace(/^(?:ONBUILD\s+)?\S+\s+(?:--\S+\s+)*/i, ''))) return [];
  return shellWords(text).flatMap((word) => heredocStart(word) ?? []);
}

/** The here-document that a word begins; undefined when it begins none. */
export function heredocStart(word: string): HeredocStart | undefined {
  const match = WORD.exec(word);
  const written = match?.[2] ?? '';
  const name = written.length > NAME_LENGTH_MAX ? undefined : unquoted(written);
  return name === undefined || name === '' ? undefined : { name, expand: !/['"]/.test(written), strip: match?.[1] === '-' };
}

function unquoted(text: string): string | undefined {
  const parts = text.match(/'[^']*'|"(?:\\["\\$]|[^"])*"|\\.|[^'"\\\s]/gsu) ?? [];
  if (parts.join('') !== text) return undefined;
  return parts
    .map((part) =>
      part.length > 1 && /^['"]/.test(part) ? part.slice(1, -1).replace(part[0] === '"' ? /\\(["\\$])/g : /(?!)/g, '$1') : part.replace(/^\\/, ''),
    )
    .join('');
}

function isJsonForm(rest: string): boolean {
  if (!rest.startsWith('[')) return false;
  try {
    return Array.isArray(JSON.parse(rest));
  } catch {
    // What is no JSON is the shell form.
    return false;
  }
}

/** Words as a shell would have them, quotes kept; `<<` and the white space after it stay together, but not within `$((…))`. */
function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let word = '';
  let quote = '';
  let arithmetic = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote === '' && /\s/.test(char)) {
      if (word !== '') words.push(word);
      word = '';
      continue;
    }
    word += char;
    if (char === '\\' && quote !== "'") word += text[(at += 1)] ?? '';
    else if (char === quote) quote = '';
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (quote === '' && text.startsWith('((', at)) arithmetic += 1;
    else if (quote === '' && text.startsWith('))', at)) arithmetic = Math.max(0, arithmetic - 1);
    else if (quote === '' && arithmetic === 0 && text.startsWith('<<', at)) {
      const [joined = '<<'] = /^<<-?[ \t]*/.exec(text.slice(at, at + 200)) ?? [];
      word += joined.slice(1);
      at += joined.length - 1;
    }
  }
  if (word !== '') words.push(word);
  // A quote that is not closed makes no words at all: the shell will say so.
  return quote === '' ? words : [];
}
