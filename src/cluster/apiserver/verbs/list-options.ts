import { badRequest, invalid, type StatusCause, unforeseen } from '#cluster/api';
import { type Continuation, decodeContinue } from './continue-token.ts';
import { flag, wholeNumber } from './options.ts';

type Query = Readonly<Record<string, string>>;

/** Of which revision a list is to be (Kubernetes' documentation, "Semantics for get and list"). */
export type ListState =
  | { readonly kind: 'latest' }
  | { readonly kind: 'any' }
  | { readonly kind: 'not-older'; readonly revision: number }
  | { readonly kind: 'exact'; readonly revision: number }
  | { readonly kind: 'continue'; readonly from: Continuation };
export interface ListOptions {
  readonly state: ListState;
  /** How many at most; 0 for all. */
  readonly limit: number;
}
/** How a watch begins: with what is there (not older than a revision), or with what comes after a revision. */
export interface WatchOptions {
  readonly bookmarks: boolean;
  readonly start: { readonly kind: 'initial'; readonly notOlderThan: number | 'latest' } | { readonly kind: 'after'; readonly revision: number | undefined };
}

const EXACT = 'Exact';
const NOT_OLDER = 'NotOlderThan';
const MATCH = 'resourceVersionMatch';

/** What the query of a list asks for. Errors: 400 for what can't be read, 422 for what can't go together. */
export function listOptions(query: Query): ListOptions {
  const limit = Math.max(0, wholeNumber(query, 'limit') ?? 0);
  // Nothing is kept open, and yet it has to be a number.
  wholeNumber(query, 'timeoutSeconds');
  const { resourceVersion = '', resourceVersionMatch: match = '', continue: token = '' } = query;
  const causes: StatusCause[] = [];
  if (match !== '') {
    if (resourceVersion === '') causes.push(forbidden(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (token !== '') causes.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
    if (match !== EXACT && match !== NOT_OLDER) causes.push(unsupported(match, [EXACT, NOT_OLDER, '']));
    if (match === EXACT && resourceVersion === '0') causes.push(forbidden(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (query.sendInitialEvents !== undefined) causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  refuse(causes);
  return { state: stateOf(resourceVersion, match, token, limit), limit };
}

function stateOf(resourceVersion: string, match: string, token: string, limit: number): ListState {
  if (token !== '') {
    const from = decodeContinue(token);
    if (resourceVersion !== '' && resourceVersion !== '0') throw badRequest('specifying resource version is not allowed when using continue');
    return { kind: 'continue', from };
  }
  if (resourceVersion === '') return { kind: 'latest' };
  const revision = readRevision(resourceVersion, true);
  if (revision === 0) return { kind: 'any' };
  // A limit without a word on how the revision is meant has always meant that one exactly.
  return match === EXACT || (match === '' && limit > 0) ? { kind: 'exact', revision } : { kind: 'not-older', revision };
}

/** What the query of a watch asks for. Errors: 400 for what can't be read, 422 for what can't go together. */
export function watchOptions(query: Query): WatchOptions {
  const { resourceVersion = '', resourceVersionMatch: match = '', continue: token = '' } = query;
  const given = query.sendInitialEvents !== undefined;
  const causes: StatusCause[] = [];
  if (given && match !== NOT_OLDER) causes.push(forbidden(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  if (match !== '') {
    if (!given) causes.push(forbidden(MATCH, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
    if (match !== NOT_OLDER) causes.push(unsupported(match, [NOT_OLDER]));
  }
  if (token !== '') causes.push(forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'));
  refuse(causes);
  const revision = resourceVersion === '' ? undefined : readRevision(resourceVersion);
  const bookmarks = flag(query, 'allowWatchBookmarks');
  // Without a revision, or from any, a watch has always begun with what is there.
  const initial = given ? flag(query, 'sendInitialEvents') : revision === undefined || revision === 0;
  return { bookmarks, start: initial ? { kind: 'initial', notOlderThan: revision ?? 'latest' } : { kind: 'after', revision: revision || undefined } };
}

/** A resourceVersion as a number. Errors: 500 for anything else, as Kubernetes has it; of a list, 400. */
export function readRevision(text: string, ofList = false): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const words = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw ofList ? badRequest(`invalid resource version: ${words}`) : unforeseen(words);
}

function forbidden(field: string, why: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

function unsupported(given: string, supported: readonly string[]): StatusCause {
  const values = supported.map((value) => JSON.stringify(value)).join(', ');
  return { reason: 'FieldValueNotSupported', message: `Unsupported value: ${JSON.stringify(given)}: supported values: ${values}`, field: MATCH };
}

function refuse(causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalid('ListOptions', 'meta.k8s.io', '', causes);
}
