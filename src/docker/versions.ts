import { badRequest } from './errors.ts';

/** The newest version of the Engine API that the document lists, and the oldest: a client's own is honoured in between. */
export const API_VERSION = '1.56';
export const API_VERSION_MIN = '1.24';

/** The part of a path that names a version, and the rest. Without a version, the newest is meant. Errors: 400 in Docker's words. */
export function versionOf(path: string): { readonly minor: number; readonly rest: string } {
  const match = /^\/v(\d+\.\d+)(\/.*)$/.exec(path);
  const version = match?.[1] ?? API_VERSION;
  if (compare(version, API_VERSION) > 0) throw badRequest(`client version ${version} is too new. Maximum supported API version is ${API_VERSION}`);
  if (compare(version, API_VERSION_MIN) < 0)
    throw badRequest(
      `client version ${version} is too old. Minimum supported API version is ${API_VERSION_MIN}, please upgrade your client to a newer version`,
    );
  return { minor: Number(version.split('.')[1]), rest: match?.[2] ?? path };
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}
