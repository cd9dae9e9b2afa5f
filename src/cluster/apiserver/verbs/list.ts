import { type ApiRequest, type ApiResponse, expired, type KubeObject } from '#cluster/api';
import { GantryError } from '#kit';
import { catchUp } from '../cache/catch-up.ts';
import { parse } from '../cache/object-cache.ts';
import type { Context } from '../context.ts';
import { continueExpired, revisionTooLarge } from '../errors.ts';
import { matcherOf, present, type Served, scopePrefix } from '../kinds.ts';
import { encodeContinue } from './continue-token.ts';
import { listOptions, type ListState } from './list-options.ts';

const WAIT_FOR_REVISION_MS = 3000;

/** GET of a collection: all at one revision, in the order of namespace and name, in pieces where `limit` asks for them. Errors: 400, 410, 422, 504. */
export async function list(context: Context, served: Served, request: ApiRequest): Promise<Listed> {
  const { query } = request;
  const { state, limit } = listOptions(query);
  const prefix = scopePrefix(served, request.namespace);
  const matches = matcherOf(served, query);
  const selected = Boolean(query.labelSelector || query.fieldSelector);
  const wanted: Wanted = { prefix, after: state.kind === 'continue' ? state.from.after : undefined, limit, matches, selected };
  const revision = await revisionToRead(context, state);
  if (revision !== undefined && revision !== context.cache.revision) {
    return answer(served, await pieceFromStore(context, wanted, revision), revision, prefix);
  }
  return answer(served, pieceFromCache(context, served, wanted), context.cache.revision, prefix);
}

/** The answer to a list. */
type Listed = Extract<ApiResponse, { readonly kind: 'list' }>;

interface Wanted {
  /** Below which all that is read lies. */
  readonly prefix: string;
  /** Below the prefix. */
  readonly after: string | undefined;
  readonly limit: number;
  readonly matches: (object: KubeObject) => boolean;
  readonly selected: boolean;
}
interface Piece {
  readonly items: readonly KubeObject[];
  readonly more: boolean;
  readonly last: string;
  /** How many are left; unknown where a selector chooses. */
  readonly left: number | undefined;
}

/** Undefined for the present state; waits for one that is to come. Errors: 504 when it doesn't. */
async function revisionToRead(context: Context, state: ListState): Promise<number | undefined> {
  switch (state.kind) {
    case 'any':
      return undefined;
    case 'latest':
      await catchUp(context);
      return undefined;
    case 'not-older':
      await waitForRevision(context, state.revision);
      return undefined;
    case 'exact':
      await waitForRevision(context, state.revision);
      return state.revision;
    case 'continue':
      if (state.from.revision !== 'latest') return state.from.revision;
      await catchUp(context);
      return undefined;
  }
}

function answer(served: Served, piece: Piece, revision: number, prefix: string): Listed {
  const metadata = {
    resourceVersion: String(revision),
    ...(piece.more ? { continue: encodeContinue({ revision, after: piece.last.slice(prefix.length) }) } : {}),
    ...(piece.more && piece.left !== undefined ? { remainingItemCount: piece.left } : {}),
  };
  const { apiVersion, info } = served;
  return { kind: 'list', list: { apiVersion, kind: info.listKind, metadata, items: piece.items.map((item) => present(served, item)) } };
}

function pieceFromCache(context: Context, served: Served, { prefix, after, limit, matches, selected }: Wanted): Piece {
  const collection = context.cache.collection(served.prefix);
  const keys = collection.keys(prefix, after === undefined ? undefined : prefix + after);
  const items: KubeObject[] = [];
  let index = 0;
  let last = '';
  for (; index < keys.length && (limit === 0 || items.length < limit); index++) {
    last = keys[index] ?? '';
    const object = collection.get(last);
    if (object && matches(object)) items.push(object);
  }
  const left = keys.length - index;
  return { items, more: left > 0, last, left: selected ? undefined : left };
}

/** A piece of the past. Errors: 410 when it is forgotten. */
async function pieceFromStore(context: Context, wanted: Wanted, revision: number): Promise<Piece> {
  const { prefix, limit, matches, selected } = wanted;
  const items: KubeObject[] = [];
  let after = wanted.after === undefined ? undefined : prefix + wanted.after;
  for (;;) {
    const room = limit === 0 ? 0 : limit - items.length;
    const options = { revision, ...(after === undefined ? {} : { after }), ...(room === 0 ? {} : { limit: room }) };
    const range = await context.store.range(prefix, options).catch((error: unknown) => forgotten(error, wanted.after));
    items.push(...range.items.map((item) => parse(item)).filter(matches));
    after = range.items.at(-1)?.key ?? after;
    if (!range.more || (limit > 0 && items.length >= limit)) {
      return { items, more: range.more, last: after ?? prefix, left: selected ? undefined : range.count - range.items.length };
    }
  }
}

/** Resolves when the cache has seen the revision. Errors: 504 when it has not come within a few seconds. */
export async function waitForRevision(context: Context, wanted: number): Promise<void> {
  if (wanted <= context.cache.revision) return;
  const late = Promise.withResolvers<'late'>();
  using _timer = context.clock.setTimer(WAIT_FOR_REVISION_MS, () => late.resolve('late'));
  const outcome = await Promise.race([context.cache.reached(wanted), late.promise]);
  if (outcome === 'late') throw revisionTooLarge(wanted, context.cache.revision);
}

function forgotten(error: unknown, after: string | undefined): never {
  if (!(error instanceof GantryError && error.code === 'COMPACTED')) throw error;
  if (after === undefined) throw expired('The resourceVersion for the provided list is too old.');
  throw continueExpired(encodeContinue({ after, revision: 'latest' }));
}
