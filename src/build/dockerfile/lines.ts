import { DockerfileError } from '../errors.ts';

/** One instruction as text: continuations joined, comments gone, here-documents attached. */
export interface LogicalLine {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
}
export interface Heredoc {
  readonly name: string;
  readonly content: string;
  /** The delimiter was not quoted: variables in the content are expanded. */
  readonly expand: boolean;
}
export interface DockerfileText {
  readonly escape: '\\' | '`';
  readonly lines: readonly LogicalLine[];
}

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$/;
const HEREDOC = /(?:^|\s)<<(-?)(?:"([A-Za-z_]\w*)"|'([A-Za-z_]\w*)'|([A-Za-z_]\w*))/g;
const TAKES_HEREDOCS = /^(RUN|COPY|ADD|ONBUILD)\s/i;

/** Splits a Dockerfile into logical lines (reference: "Format", "Parser directives", "Here-documents"). */
export function logicalLines(source: string): DockerfileText {
  const raw = source.replace(/^\uFEFF/, '').split(/\r?\n/);
  const escape = escapeDirective(raw);
  const continues = escape === '\\' ? /\\[ \t]*$/ : /`[ \t]*$/;
  const lines: LogicalLine[] = [];
  let index = 0;
  while (index < raw.length) {
    if (/^\s*(#|$)/.test(raw[index] ?? '')) {
      index += 1;
      continue;
    }
    const first = index + 1;
    let text = '';
    let open = false;
    do {
      const line = raw[index++] ?? '';
      if (open && /^\s*(#|$)/.test(line)) continue;
      const piece = open ? line : line.trimStart();
      open = continues.test(piece);
      text += piece.replace(continues, '');
    } while (open && index < raw.length);
    if (text.trim() === '') continue;
    const { heredocs, next } = readHeredocs(text, raw, index, first);
    index = next;
    lines.push({ line: first, text: text.trim(), heredocs });
  }
  return { escape, lines };
}

function escapeDirective(raw: readonly string[]): '\\' | '`' {
  const seen = new Set<string>();
  for (const [index, line] of raw.entries()) {
    const match = DIRECTIVE.exec(line.trim());
    if (!match) break;
    const name = (match[1] ?? '').toLowerCase();
    if (name !== 'escape' && name !== 'syntax' && name !== 'check') break;
    if (seen.has(name)) throw new DockerfileError(index + 1, `only one ${name} parser directive can be used`);
    seen.add(name);
    if (name !== 'escape') continue;
    if (match[2] !== '\\' && match[2] !== '`') throw new DockerfileError(index + 1, `invalid escape token '${match[2]}' does not match one of \` or \\`);
    return match[2];
  }
  return '\\';
}

function readHeredocs(text: string, raw: readonly string[], from: number, line: number): { heredocs: Heredoc[]; next: number } {
  const heredocs: Heredoc[] = [];
  if (!TAKES_HEREDOCS.test(text.trim())) return { heredocs, next: from };
  let next = from;
  for (const match of text.matchAll(HEREDOC)) {
    const name = match[2] ?? match[3] ?? match[4] ?? '';
    const strip = match[1] === '-';
    const content: string[] = [];
    for (;;) {
      const current = raw[next++];
      if (current === undefined) throw new DockerfileError(line, `unterminated heredoc: the closing line "${name}" is missing`);
      const shown = strip ? current.replace(/^\t+/, '') : current;
      if (shown === name) break;
      content.push(`${shown}\n`);
    }
    heredocs.push({ name, content: content.join(''), expand: match[4] !== undefined });
  }
  return { heredocs, next };
}
