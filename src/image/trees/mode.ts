import type { ModeChange, ModeClause } from './types.ts';

const WHO: Readonly<Record<string, number>> = { u: 0o700, g: 0o070, o: 0o007, a: 0o777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };

/** Parses an octal mode or `u=rwX,go=rX` or `g=u` as chmod(1) has it; undefined when it is neither. Pure. */
export function parseMode(text: string): ModeChange | undefined {
  if (/^0*[0-7]{1,4}$/.test(text)) return { octal: Number.parseInt(text, 8) };
  const clauses: ModeClause[] = [];
  for (const part of text.split(',')) {
    const match = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/.exec(part);
    if (match === null) return undefined;
    const who = Array.from(match[1] || 'a').reduce((mask, letter) => mask | (WHO[letter] ?? 0), 0);
    for (const [, operator, permissions = ''] of (match[2] ?? '').matchAll(/([-+=])([ugo]|[rwxXst]*)/g))
      if (operator === '+' || operator === '-' || operator === '=') clauses.push({ who, operator, permissions });
  }
  return { clauses };
}

/** The mode of a file or folder after the change. Pure. */
export function applyMode(mode: number, isFolder: boolean, change: ModeChange): number {
  if ('octal' in change) return change.octal;
  return change.clauses.reduce((current, clause) => applyClause(current, isFolder, clause), mode & 0o7777);
}

function applyClause(mode: number, isFolder: boolean, { who, operator, permissions }: ModeClause): number {
  let bits = 0;
  for (const letter of permissions) bits |= bitsOf(letter, mode, isFolder, who);
  if (operator === '+') return mode | bits;
  if (operator === '-') return mode & ~bits;
  return (mode & ~who & ~specialOf(who)) | bits;
}

function bitsOf(letter: string, mode: number, isFolder: boolean, who: number): number {
  if (letter === 's') return specialOf(who) & 0o6000;
  if (letter === 't') return 0o1000;
  if (letter === 'X') return isFolder || (mode & 0o111) !== 0 ? 0o111 & who : 0;
  const from = WHO[letter];
  // What somebody else has: the same three bits for each.
  if (from !== undefined) return (((mode & from) / (from & 0o111)) * 0o111) & who;
  return (BITS[letter] ?? 0) & who;
}

/** Which of setuid and setgid belong to whom. */
function specialOf(who: number): number {
  return (who & 0o700 ? 0o4000 : 0) | (who & 0o070 ? 0o2000 : 0);
}
