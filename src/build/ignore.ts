/** Tells whether a path of the context is left out. */
export type IgnoreMatcher = (path: string) => boolean;

/**
 * The rules of a `.dockerignore` (Go's filepath.Match with `**`, and `!` for exceptions; the last rule that fits decides).
 * A rule that fits a folder fits all that is in it. Errors: SyntaxError naming the pattern.
 */
export function ignoreMatcher(content: string): IgnoreMatcher {
  const rules = content
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(toRule);
  return (path) => {
    let ignored = false;
    for (const rule of rules) if (rule.negated === ignored && fits(rule.pattern, path)) ignored = !rule.negated;
    return ignored;
  };
}

function toRule(line: string): { negated: boolean; pattern: RegExp } {
  const negated = line.startsWith('!');
  const text = clean((negated ? line.slice(1) : line).trim());
  if (negated && text === '') throw new SyntaxError('illegal exclusion pattern: "!"');
  return { negated, pattern: new RegExp(`^${globToSource(text)}$`, 'su') };
}

/** The path itself or one of the folders it lies in. */
function fits(pattern: RegExp, path: string): boolean {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) if (pattern.test(path.slice(0, end))) return true;
  return false;
}

function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
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
