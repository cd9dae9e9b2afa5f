/** A pattern in which `*` stands for any characters and `?` for one: runs of fixed characters with a `*` between each two. */
export interface Glob {
  readonly runs: readonly (readonly Token[])[];
}
/** One character, or undefined for any one. */
type Token = string | undefined;

/** Reads a pattern; `\*`, `\?` and `\\` are these characters, `\/` and `\}` too. Answers undefined for another escape. */
export function readGlob(pattern: string): Glob | undefined {
  const runs: Token[][] = [[]];
  const chars = Array.from(pattern);
  for (let at = 0; at < chars.length; at += 1) {
    const char = chars[at] ?? '';
    if (char === '*') runs.push([]);
    else if (char === '?') runs.at(-1)?.push(undefined);
    else if (char === '\\') {
      const next = chars[(at += 1)];
      if (next === undefined || !'*?\\/}'.includes(next)) return undefined;
      runs.at(-1)?.push(next);
    } else runs.at(-1)?.push(char);
  }
  return { runs };
}

/** The value without the part at its beginning that fits. Linear in both. */
export function trimStart(glob: Glob, value: string, longest: boolean): string {
  const chars = Array.from(value);
  const end = matchAt(glob, chars, 0, longest);
  return typeof end === 'number' ? chars.slice(end).join('') : value;
}

/** The value without the part at its end that fits. */
export function trimEnd({ runs }: Glob, value: string, longest: boolean): string {
  const mirrored = { runs: runs.toReversed().map((run) => run.toReversed()) };
  const chars = Array.from(value).toReversed();
  const end = matchAt(mirrored, chars, 0, longest);
  return typeof end === 'number' ? chars.slice(end).toReversed().join('') : value;
}

/** The value with the first fitting part, or each, replaced; each is as long as can be. */
export function replace(glob: Glob, value: string, replacement: string, all: boolean): string {
  const chars = Array.from(value);
  const out: string[] = [];
  let before = -1;
  let at = 0;
  while (at <= chars.length) {
    const end = matchAt(glob, chars, at, true);
    if (end === 'never') break;
    // Nothing at all, straight after what was replaced, is not replaced again.
    if (end !== 'not-here' && !(end === at && at === before)) {
      out.push(replacement);
      before = end;
      if (!all) return [...out, ...chars.slice(end)].join('');
    }
    if (typeof end === 'number' && end > at) at = end;
    else out.push(chars[at++] ?? '');
  }
  return [...out, ...chars.slice(at)].join('');
}

/** Where the match that begins at `start` ends; `never` when no later start can match either. */
function matchAt({ runs }: Glob, chars: readonly string[], start: number, longest: boolean): number | 'not-here' | 'never' {
  const first = runs[0] ?? [];
  if (!fits(first, chars, start)) return 'not-here';
  let at = start + first.length;
  for (const [index, run] of runs.entries()) {
    if (index === 0) continue;
    const last = index === runs.length - 1;
    if (run.length === 0) {
      if (last && longest) at = chars.length;
      continue;
    }
    const found = last && longest ? findLast(run, chars, at) : find(run, chars, at);
    if (found < 0) return 'never';
    at = found + run.length;
  }
  return at;
}

function fits(run: readonly Token[], chars: readonly string[], at: number): boolean {
  return at + run.length <= chars.length && run.every((token, index) => token === undefined || token === chars[at + index]);
}

function find(run: readonly Token[], chars: readonly string[], from: number): number {
  for (let at = from; at + run.length <= chars.length; at += 1) if (fits(run, chars, at)) return at;
  return -1;
}

function findLast(run: readonly Token[], chars: readonly string[], from: number): number {
  for (let at = chars.length - run.length; at >= from; at -= 1) if (fits(run, chars, at)) return at;
  return -1;
}
