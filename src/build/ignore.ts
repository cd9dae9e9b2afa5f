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
