import { posix } from 'node:path';
import { compilePath, type PathTest } from './ignore-pattern.ts';

/** Tells whether a path of the context is left out. */
export type IgnoreMatcher = (path: string) => boolean;

/** One rule; with `negated` it takes back in what earlier ones left out. */
interface Rule {
  readonly negated: boolean;
  readonly test: PathTest;
}

/** The files that may hold the rules of a build, in the order in which they are looked for: the first that is there is the only one. */
export function ignoreFileNames(dockerfile: string): readonly string[] {
  return [`${dockerfile}.dockerignore`, '.dockerignore'];
}

/**
 * The rules of a `.dockerignore`, one a line: Go's `filepath.Match` with `**`, `!` for exceptions, `#` for comments. The last rule that
 * fits decides; one that fits a folder fits all that is in it. Errors: `SyntaxError` naming the pattern.
 */
export function ignoreMatcher(content: string): IgnoreMatcher {
  return patternMatcher(ignorePatterns(content));
}

/** The patterns of a `.dockerignore`, as they are written. */
export function ignorePatterns(content: string): readonly string[] {
  return content
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A matcher of patterns of that kind: also what `--exclude` names. Errors: `SyntaxError` naming the pattern. */
export function patternMatcher(patterns: readonly string[]): IgnoreMatcher {
  const rules = patterns.map(toRule);
  return (path) => {
    const parts = path.split('/');
    let ignored = false;
    for (const rule of rules) if (rule.negated === ignored && rule.test(parts)) ignored = !rule.negated;
    return ignored;
  };
}

function toRule(line: string): Rule {
  const negated = line.startsWith('!');
  const written = (negated ? line.slice(1) : line).trim();
  if (negated && written === '') throw new SyntaxError('illegal exclusion pattern: "!"');
  const cleaned = posix.normalize(written).replace(/^\/+(?=.)|\/$/g, '');
  return { negated, test: compilePath(cleaned) };
}

/** Source of a regular expression for a Go file pattern; `**` stands for any number of folders. */
export function globToSource(pattern: string): string {
  let out = '';
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index] ?? '';
    if (char === '*' && pattern[index + 1] === '*') {
      index += 1;
      if (pattern[index + 1] === '/') index += 1;
      out += index + 1 >= pattern.length ? '.*' : '(?:.*/)?';
    } else if (char === '*') out += '[^/]*';
    else if (char === '?') out += '[^/]';
    else if (char === '[') {
      const end = classEnd(pattern, index);
      out += `[${pattern.slice(index + 1, end).replace(/\[/g, '\\[')}]`;
      index = end;
    } else if (char === '\\') {
      index += 1;
      out += quote(pattern[index] ?? '\\');
    } else out += quote(char);
  }
  return out;
}

function classEnd(pattern: string, start: number): number {
  for (let index = start + 1; index < pattern.length; index += 1) {
    if (pattern[index] === '\\') index += 1;
    else if (pattern[index] === ']' && index > start + 1) return index;
  }
  throw new SyntaxError(`syntax error in pattern "${pattern}": "[" is not closed`);
}

function quote(char: string): string {
  return /[.*+?^${}()|[\]\\/]/.test(char) ? `\\${char}` : char;
}
