import { type Directives, readDirectives } from './directives.ts';
import { heredocsOf, type Heredoc, type HeredocStart } from './heredocs.ts';
import { DockerfileSyntaxError, type Spot } from './syntax-error.ts';
export type { Heredoc } from './heredocs.ts';

/** One instruction as text: continuations joined, comments gone, here-documents attached. */
export interface LogicalLine {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  /** The last line it takes. */
  readonly end?: number;
  /** Which places of the file the text was joined from. */
  readonly pieces?: readonly Piece[];
  /** Blank lines between its continued lines. */
  readonly blanks?: readonly number[];
  /** The comments directly above it, their `#` taken off. */
  readonly comments?: readonly string[];
}
/** From `offset` of the text on, what stands at a place of the file. */
interface Piece extends Spot {
  readonly offset: number;
}
export interface DockerfileText extends Directives {
  readonly lines: readonly LogicalLine[];
}

/** A Dockerfile of more bytes than this is refused. */
const BYTES_MAX = 4 * 2 ** 20;

/**
 * Splits a Dockerfile into logical lines (reference: "Format", "Parser directives", "Here-documents"). Line ends of Windows are line ends, in
 * here-documents too: a script with a carriage return in each line would not run. Errors: `DockerfileSyntaxError`.
 */
export function logicalLines(source: string): DockerfileText {
  if (source.length > BYTES_MAX)
    throw new DockerfileSyntaxError({
      line: 1,
      problem: `a Dockerfile of ${source.length} characters is longer than the ${BYTES_MAX} allowed`,
      remedy: 'put data in files and COPY them',
    });
  const raw = source.replace(/^\uFEFF/, '').split(/\r?\n/);
  refuseNul(raw);
  const { directives, end } = readDirectives(raw);
  return { ...directives, lines: new Joiner(raw, directives.escape, end).all() };
}

/** Where in the file an offset of the line's text is; undefined for a line of no file. */
export function spotAt(line: LogicalLine, offset: number): Spot | undefined {
  const piece = line.pieces?.findLast((one) => one.offset <= offset) ?? line.pieces?.[0];
  return piece && { line: piece.line, column: piece.column + Math.max(0, offset - piece.offset) };
}

function refuseNul(raw: readonly string[]): void {
  const index = raw.findIndex((text) => text.includes('\0'));
  if (index < 0) return;
  const column = (raw[index]?.indexOf('\0') ?? 0) + 1;
  throw new DockerfileSyntaxError({
    line: index + 1,
    spot: { line: index + 1, column },
    problem: 'a NUL byte stands in the file',
    remedy: 'save it as plain UTF-8 text',
  });
}

const isComment = (text: string) => /^\s*#/.test(text);
const isBlank = (text: string) => text.trim() === '';

class Joiner {
  readonly #raw: readonly string[];
  readonly #continues: RegExp;
  #at: number;

  /** `start`: how many lines the directives take. */
  constructor(raw: readonly string[], escape: string, start: number) {
    this.#raw = raw;
    this.#at = start;
    // Twice the escape character is the character itself, so the line ends there; alone on its line it always continues.
    this.#continues = escape === '\\' ? /(?:(?<=[^\\])|^)\\[ \t]*$/ : /(?:(?<=[^`])|^)`[ \t]*$/;
  }

  all(): readonly LogicalLine[] {
    const lines: LogicalLine[] = [];
    let comments: string[] = [];
    while (this.#at < this.#raw.length) {
      const text = this.#raw[this.#at] ?? '';
      if (isComment(text)) {
        const comment = text.trim().slice(1).trim();
        comments = comment === '' ? [] : [...comments.slice(-50), comment];
        this.#at += 1;
      } else if (isBlank(text)) {
        comments = [];
        this.#at += 1;
      } else {
        const line = this.#join(comments);
        if (line) lines.push(line);
        comments = [];
      }
    }
    return lines;
  }

  #join(comments: readonly string[]): LogicalLine | undefined {
    const line = this.#at + 1;
    const pieces: Piece[] = [];
    const blanks: number[] = [];
    const parts: string[] = [];
    let offset = 0;
    let open = true;
    while (open && this.#at < this.#raw.length) {
      const text = this.#raw[this.#at++] ?? '';
      if (parts.length > 0 && isComment(text)) continue;
      if (parts.length > 0 && isBlank(text)) {
        blanks.push(this.#at);
        continue;
      }
      const shown = parts.length > 0 ? text : text.trimStart();
      open = this.#continues.test(shown);
      const part = shown.replace(this.#continues, '');
      pieces.push({ offset, line: this.#at, column: text.length - shown.length + 1 });
      parts.push(part);
      offset += part.length;
    }
    const whole = parts.join('');
    const text = whole.trim();
    if (text === '') return undefined;
    // Blank lines at the end of the file continue nothing.
    const inner = this.#at >= this.#raw.length && open ? [] : blanks;
    const lost = whole.length - whole.trimStart().length;
    const moved = pieces.map((piece) => ({ ...piece, offset: piece.offset - lost }));
    const heredocs = heredocsOf(text).map((start) => this.#heredoc(start, line));
    return { line, text, heredocs, end: this.#at, pieces: moved, blanks: inner, comments };
  }

  #heredoc({ name, expand, strip }: HeredocStart, line: number): Heredoc {
    const content: string[] = [];
    for (;;) {
      const current = this.#raw[this.#at++];
      if (current === undefined)
        throw new DockerfileSyntaxError({
          line,
          problem: 'unterminated heredoc',
          remedy: `end it with a line that holds ${name} alone${strip ? '' : ', with nothing before it'}`,
        });
      const shown = strip ? current.replace(/^\t+/, '') : current;
      if (shown === name) return { name, content: content.join(''), expand };
      content.push(`${shown}\n`);
    }
  }
}
