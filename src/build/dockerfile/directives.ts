import { parseReference, type Reference } from '#image';
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
/** The frontends of Docker's own that this builder speaks itself. */
const BUILT_IN: readonly string[] = ['docker/dockerfile', 'docker/dockerfile-upstream'];
const BUILT_IN_TAG = /^(?:latest|stable|master|labs|experimental|v?1(?:[.-][\w.-]*)?)$/;

/** Reads the directives of a file's lines, and how many lines they take; the first line that is none ends them. Errors: `DockerfileSyntaxError`. */
export function readDirectives(lines: readonly string[]): { readonly directives: Directives; readonly end: number } {
  const found = new Map<string, { value: string; line: number }>();
  let end = 0;
  for (const [index, text] of lines.entries()) {
    // A script's first line, for a Dockerfile that is itself a program.
    if (index === 0 && text.startsWith('#!')) continue;
    const match = DIRECTIVE.exec(text.trim());
    const name = match?.[1]?.toLowerCase() ?? '';
    if (!KNOWN.includes(name)) break;
    const line = index + 1;
    if (found.has(name)) throw new DockerfileSyntaxError({ line, problem: `only one ${name} parser directive can be used`, remedy: 'take this line away' });
    end = line;
    found.set(name, { value: match?.[2] ?? '', line });
  }
  const [escape, syntax, check] = [found.get('escape'), found.get('syntax'), found.get('check')];
  if (syntax) checkSyntax(syntax.value, syntax.line);
  const directives = {
    escape: escape ? escapeOf(escape.value, escape.line) : ('\\' as const),
    ...(syntax ? { syntax: syntax.value } : {}),
    ...(check ? { check } : {}),
  };
  return { directives, end };
}

function escapeOf(value: string, line: number): '\\' | '`' {
  if (value === '\\' || value === '`') return value;
  throw new DockerfileSyntaxError({ line, problem: `invalid escape token '${value}' does not match \` or \\`, remedy: 'write # escape=` or # escape=\\' });
}

/** Releases 1.x, the experimental ones included, are taken as built in. Errors: `DockerfileSyntaxError` for other frontends. */
export function checkSyntax(value: string, line: number): void {
  const [image = ''] = value.split(/\s/, 1);
  if (isBuiltIn(image)) return;
  throw new DockerfileSyntaxError({
    line,
    problem: `the frontend "${image}" is not supported`,
    remedy: 'only docker/dockerfile:1 and its releases 1.x are built in; write # syntax=docker/dockerfile:1, or take this line away',
  });
}

function isBuiltIn(image: string): boolean {
  let given: Reference;
  try {
    given = parseReference(image);
  } catch {
    // What is no name of an image is no frontend either, and is refused as one.
    return false;
  }
  const known = BUILT_IN.map((name) => parseReference(name)).some(({ registry, repository }) => registry === given.registry && repository === given.repository);
  return known && BUILT_IN_TAG.test(given.tag ?? 'latest');
}
