import type { IncomingMessage } from 'node:http';
import { badRequest, type Verb } from '#cluster/api';
import { methodNotAllowed, notAcceptable } from '../errors.ts';
import { flag } from '../verbs/options.ts';
import type { Form } from './forms.ts';
import { objectForm, parseAccept } from './negotiate.ts';
import type { Route } from './route.ts';

export type ResourceRoute = Extract<Route, { kind: 'resource' }>;
const METHODS: Readonly<Record<string, Verb>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };
const GIVEN = [
  'application/json',
  'application/yaml',
  'application/cbor',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
];

/** In which form the client wants the answer. Errors: 406. */
export function formOf(request: IncomingMessage, isWatch: boolean): Form {
  const form = objectForm(parseAccept(request.headers.accept), isWatch);
  if (!form) throw notAcceptable(GIVEN);
  return form;
}

/** Of what is given in one form only. Errors: 406. */
export function requireType(request: IncomingMessage, type: string): void {
  if (!parseAccept(request.headers.accept).some((one) => one.type === type || one.type === '*/*')) throw notAcceptable([type]);
}

/** What a method means for what the route names; of a watch of one object its name becomes a selector. Errors: 405. */
export function verbOf(method: string, { name, subresource, watch }: ResourceRoute, query: Record<string, string>): Verb {
  if (method === 'GET') {
    if (watch !== true && (name !== undefined || !flag(query, 'watch'))) return name === undefined ? 'list' : 'get';
    if (name !== undefined) query.fieldSelector = [query.fieldSelector, `metadata.name=${name}`].filter(Boolean).join(',');
    return 'watch';
  }
  if (watch === true) throw methodNotAllowed();
  if (method === 'DELETE') return name === undefined ? 'deletecollection' : 'delete';
  const verb = METHODS[method];
  const isFit = verb === 'create' ? name === undefined || subresource !== undefined : name !== undefined;
  if (!verb || !isFit) throw methodNotAllowed();
  return verb;
}

/** Of a parameter that stands several times, the first counts. */
export function queryOf({ searchParams }: URL): Record<string, string> {
  return Object.fromEntries([...searchParams].toReversed());
}

/** Errors: 400. */
export function urlOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'https://server');
  } catch (error) {
    throw badRequest(`Cannot read the request's path: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The program of a User-Agent (`kubectl/v1.32.4 (…)` is kubectl). */
export function programOf(request: IncomingMessage): string {
  return request.headers['user-agent']?.split('/')[0]?.slice(0, 128) || 'unknown';
}
