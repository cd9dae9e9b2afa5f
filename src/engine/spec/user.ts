import { invalid } from '../errors.ts';

/** A user as the kernel knows it. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/**
 * Finds `user[:group]` in the texts of the image's passwd(5) and group(5). Numbers need no entry. Without a group named, the
 * user's other groups are taken too. Pure. Errors: `ENGINE_INVALID`.
 */
export function resolveUser(text: string, groups: readonly string[], files: { readonly passwd: string; readonly group: string }): ResolvedUser {
  const [userWord = '', groupWord] = text.split(':', 2);
  const users = entries(files.passwd);
  const known = entries(files.group);
  const wanted = userWord === '' ? '0' : userWord;
  const user = users.find((fields) => fields[0] === wanted) ?? users.find((fields) => fields[2] === wanted);
  if (!user && !isId(wanted)) throw invalid('user', `unable to find user ${wanted}: no matching entries in passwd file`);
  const uid = Number(user?.[2] ?? wanted);
  const gid = groupWord ? groupId(groupWord, known) : Number(user?.[3] ?? 0);
  const memberships =
    groupWord || !user ? [] : known.filter((fields) => (fields[3] ?? '').split(',').includes(user[0] ?? '')).map((fields) => Number(fields[2]));
  const more = groups.map((word) => groupId(word, known));
  const additionalGids = [...new Set([gid, ...memberships, ...more])].filter(Number.isInteger);
  return { uid, gid, additionalGids, home: user?.[5] || '/' };
}

function groupId(word: string, known: readonly (readonly string[])[]): number {
  const entry = known.find((fields) => fields[0] === word) ?? known.find((fields) => fields[2] === word);
  if (entry) return Number(entry[2]);
  if (isId(word)) return Number(word);
  throw invalid('group', `unable to find group ${word}: no matching entries in group file`);
}

function isId(word: string): boolean {
  return /^\d+$/.test(word) && Number(word) <= 0x7fffffff;
}

function entries(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));
}
