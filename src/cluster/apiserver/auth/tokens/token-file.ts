import type { UserInfo } from '#cluster/api';
import { GantryError } from '#kit';

/**
 * The tokens of a `--token-auth-file`: lines of token, user name, uid and (where there are several, in quotes) groups, separated by
 * commas. Errors: BAD_TOKEN_FILE, naming the line. Pure.
 */
export function parseTokenFile(text: string, origin: string): ReadonlyMap<string, UserInfo> {
  const tokens = new Map<string, UserInfo>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [token = '', name = '', uid = '', groups = ''] = cells(line);
    if (token === '' || name === '')
      throw new GantryError('BAD_TOKEN_FILE', 400, `Cannot use ${origin}: line ${index + 1} must hold a token, a user name and a uid, separated by commas`);
    if (tokens.has(token)) throw new GantryError('BAD_TOKEN_FILE', 400, `Cannot use ${origin}: line ${index + 1} holds a token that stood before`);
    const list = groups.split(',').filter((group) => group !== '');
    tokens.set(token, { name, ...(uid === '' ? {} : { uid }), groups: list });
  }
  return tokens;
}

/** RFC 4180, of one line. */
function cells(line: string): readonly string[] {
  return Array.from(line.trim().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.trim());
}
