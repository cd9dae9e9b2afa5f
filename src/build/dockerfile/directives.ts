import { DockerfileSyntaxError } from './syntax-error.ts';

/** `# name=value` lines at the very top (reference, "Parser directives"). */
export interface Directives {
  readonly escape: '\\' | '`';
  /** The frontend that the file asks for: always one that is built in. */
  readonly syntax?: string;
  readonly check?: { readonly value: string; readonly line: number };
}

const DIRECTIVE = /^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(\S[\s\S]*)$/;
const KNOWN: readonly string[] = ['syntax', 'escape', 'check'];
const BUILT_IN =
  /^(?:(?:docker\.io|registry-1\.docker\.io|index\.docker\.io)\/)?docker\/dockerfile(?:-upstream)?(?::(?<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?$/;

/** Reads the directives of a file's lines; the first line that is none ends them. Errors: `DockerfileSyntaxError`. */
export function readDirectives(lines: readonly string[]): Directives {
  const found = new Map<string, { value: string; line: number }>();
  for (const [index, text] of lines.entries()) {
    // A script's first line, for a Dockerfile that is itself a program.
    if (index === 0 && text.startsWith('#!')) continue;
    const match = DIRECTIVE.exec(text.trim());
    const name = match?.[1]?.toLowerCase() ?? '';
    if (!KNOWN.includes(name)) break;
    const line = index + 1;
    if (found.has(name)) throw new DockerfileSyntaxError({ line, problem: `only one ${name} parser directive can be used`, remedy: 'take this line away' });
    found.set(name, { value: match?.[2] ?? '', line });
  }
  const [escape, syntax, check] = [found.get('escape'), found.get('syntax'), found.get('check')];
  if (syntax) checkSyntax(syntax.value, syntax.line);
  return { escape: escape ? escapeOf(escape.value, escape.line) : '\\', ...(syntax ? { syntax: syntax.value } : {}), ...(check ? { check } : {}) };
}

function escapeOf(value: string, line: number): '\\' | '`' {
  if (value === '\\' || value === '`') return value;
  throw new DockerfileSyntaxError({ line, problem: `invalid escape token '${value}' does not match \` or \\`, remedy: 'write # escape=` or # escape=\\' });
}

/** Frontends 1.x of Docker, the experimental ones included, are what this builder speaks itself. */
function checkSyntax(value: string, line: number): void {
  const [image = ''] = value.split(/\s/, 1);
  const match = BUILT_IN.exec(image);
  const tag = match?.groups?.['tag'] ?? 'latest';
  if (match && /^(?:latest|stable|master|labs|experimental|1(?:[.-][\w.-]*)?|v?1\.[\w.-]*)$/.test(tag)) return;
  throw new DockerfileSyntaxError({
    line,
    problem: `the frontend "${image}" is not supported`,
    remedy: 'only docker/dockerfile:1 and its releases 1.x are built in; write # syntax=docker/dockerfile:1, or take this line away',
  });
}
