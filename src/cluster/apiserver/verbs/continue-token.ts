import { badRequest } from '#cluster/api';

/** Where a list goes on: after that key (relative to the prefix that it reads below), at that revision or at the present one. */
export interface Continuation {
  readonly after: string;
  readonly revision: number | 'latest';
}

const VERSION = 'meta.k8s.io/v1';
const LATEST = -1;

/** The token in Kubernetes' own form: base64url of JSON, the place written as the least key past the last one. */
export function encodeContinue({ after, revision }: Continuation): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision === 'latest' ? LATEST : revision, start: `${after}\0` })).toString('base64url');
}

/** Errors: 400 for what is no token that this server gave. */
export function decodeContinue(token: string): Continuation {
  const { v, rv, start } = parse(token);
  if (v !== VERSION) throw invalid(`: server does not recognize this encoded version ${String(v)}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) throw invalid(`: incorrect encoded start resourceVersion (version ${VERSION})`);
  if (typeof start !== 'string' || start === '') throw invalid(`: encoded start key empty (version ${VERSION})`);
  const after = start.endsWith('\0') ? start.slice(0, -1) : '';
  // Whatever a token says, it stays below the prefix that the request may read.
  if (after.split('/').some((part) => part === '' || part === '.' || part === '..')) throw invalid(`: ${start}`);
  return { after, revision: rv < 0 ? 'latest' : rv };
}

function parse(token: string): { readonly v?: unknown; readonly rv?: unknown; readonly start?: unknown } {
  if (!/^[\w-]+$/.test(token)) throw invalid(': illegal base64 data');
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    // Each field is looked at by the caller.
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Not JSON: the answer below says so.
  }
  throw invalid(': not the token of a list that came before');
}

function invalid(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid${why}`);
}
