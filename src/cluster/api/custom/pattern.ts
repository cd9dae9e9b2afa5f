import { RE2JS } from 're2js';

const known = new Map<string, RE2JS>();
const KNOWN_MAX = 1_000;

/**
 * A pattern of a schema, in Go's syntax and time: no text can make it slow (RE2). Errors: a `RE2JSSyntaxException` that says what is wrong.
 * Compiled ones are kept: they are data that never changes.
 */
export function patternOf(source: string): RE2JS {
  const compiled = known.get(source) ?? RE2JS.compile(source);
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(source, compiled);
  return compiled;
}
