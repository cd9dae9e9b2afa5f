import { type ApiRequest, type ApiResponse, badRequest, expired, type KubeObject } from '#cluster/api';
import { GantryError } from '#kit';
import { catchUp } from '../cache/catch-up.ts';
import { parse } from '../cache/object-cache.ts';
import type { Context } from '../context.ts';
import { revisionTooLarge } from '../errors.ts';
import { matcherOf, present, type Served, scopePrefix } from '../kinds.ts';
import { revisionOf, wholeNumber } from './options.ts';

const WAIT_FOR_REVISION_MS = 3000;

/** GET of a collection: all at one revision, in the order of namespace and name, in pieces where `limit` asks for them. */
export async function list(context: Context, served: Served, request: ApiRequest): Promise<ApiResponse> {
  const { query } = request;
  const limit = wholeNumber(query, 'limit') ?? 0;
  const prefix = scopePrefix(served, request.namespace);
  const matches = matcherOf(served, query);
  const exact = await revisionToRead(context, query);
  if (exact !== undefined && exact.revision !== context.cache.revision) {
    return answer(served, await pieceFromStore(context, prefix, { ...exact, limit, matches }), exact.revision, prefix);
  }
  const collection = context.cache.collection(served.prefix);
  // A token says where to go on below the prefix: whatever it says, nothing outside is read.
  const keys = collection.keys(prefix, exact?.after === undefined ? undefined : prefix + exact.after);
  const items: KubeObject[] = [];
  let index = 0;
  let last = '';
  for (; index < keys.length && (limit === 0 || items.length < limit); index++) {
    last = keys[index] ?? '';
    const object = collection.get(last);
    if (object && matches(object)) items.push(object);
  }
  const left = keys.length - index;
  return answer(served, { items, more: left > 0, last, left: query.labelSelector || query.fieldSelector ? undefined : left }, context.cache.revision, prefix);
}

interface Piece {
  readonly items: readonly KubeObject[];
  readonly more: boolean;
  readonly last: string;
  /** How many are left; unknown where a selector chooses. */
  readonly left?: number | undefined;
}

function answer(served: Served, piece: Piece, revision: number, prefix: string): ApiResponse {
  const metadata = {
    resourceVersion: String(revision),
    ...(piece.more ? { continue: encodeContinue(revision, piece.last.slice(prefix.length)) } : {}),
    ...(piece.more && piece.left !== undefined ? { remainingItemCount: piece.left } : {}),
  };
  const { apiVersion, info } = served;
  return { kind: 'list', list: { apiVersion, kind: info.listKind, metadata, items: piece.items.map((item) => present(served, item)) } };
}

/** The revision that the list must be of, where the query says one; waits for one that is to come. */
async function revisionToRead(context: Context, query: ApiRequest['query']): Promise<{ revision: number; after?: string } | undefined> {
  if (query.continue) {
    if (query.resourceVersion !== undefined && query.resourceVersion !== '' && query.resourceVersion !== '0') {
      throw badRequest('specifying resource version is not allowed when using continue');
    }
    return decodeContinue(query.continue);
  }
  const wanted = revisionOf(query);
  const match = query.resourceVersionMatch;
  if (match !== undefined && match !== '' && match !== 'Exact' && match !== 'NotOlderThan') {
    throw badRequest(`Cannot use resourceVersionMatch="${match}": supported values: "Exact", "NotOlderThan"`);
  }
  if (wanted === undefined) {
    if (match) throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided');
    await catchUp(context);
    return undefined;
  }
  if (wanted > context.cache.revision) await waitForRevision(context, wanted);
  return match === 'Exact' ? { revision: wanted } : undefined;
}

/** Errors: 504 when the revision has not come within a few seconds. */
export async function waitForRevision(context: Context, wanted: number): Promise<void> {
  const late = Promise.withResolvers<'late'>();
  using _timer = context.clock.setTimer(WAIT_FOR_REVISION_MS, () => late.resolve('late'));
  const outcome = await Promise.race([context.cache.reached(wanted), late.promise]);
  if (outcome === 'late') throw revisionTooLarge(wanted, context.cache.revision);
}

interface Wanted {
  readonly revision: number;
  readonly after?: string;
  readonly limit: number;
  readonly matches: (object: KubeObject) => boolean;
}

/** A piece of the past. Errors: 410 when it is forgotten. */
async function pieceFromStore(context: Context, prefix: string, wanted: Wanted): Promise<Piece> {
  const items: KubeObject[] = [];
  let after = wanted.after === undefined ? undefined : prefix + wanted.after;
  for (;;) {
    const room = wanted.limit === 0 ? 0 : wanted.limit - items.length;
    const options = { revision: wanted.revision, ...(after === undefined ? {} : { after }), ...(room === 0 ? {} : { limit: room }) };
    const range = await context.store.range(prefix, options).catch(asExpired);
    items.push(...range.items.map((item) => parse(item)).filter(wanted.matches));
    after = range.items.at(-1)?.key ?? after;
    if (!range.more || (wanted.limit > 0 && items.length >= wanted.limit)) {
      return { items, more: range.more, last: after ?? prefix };
    }
  }
}

function asExpired(error: unknown): never {
  if (error instanceof GantryError && error.code === 'COMPACTED') {
    throw expired('The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.');
  }
  throw error;
}

function encodeContinue(revision: number, after: string): string {
  return Buffer.from(JSON.stringify({ v: 1, rv: revision, after })).toString('base64url');
}

function decodeContinue(token: string): { revision: number; after: string } {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null && 'rv' in value && 'after' in value && typeof value.rv === 'number' && typeof value.after === 'string') {
      return { revision: value.rv, after: value.after };
    }
  } catch {
    // Not a token that this server gave: the answer below says so.
  }
  throw badRequest('continue key is not valid: give the one of the list that came before');
}
