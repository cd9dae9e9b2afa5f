import { isRepository } from '#image';
import { nameInvalid, pathUnknown } from '../errors.ts';

/** What a request is about (distribution-spec, "Endpoints"). */
export type Route =
  | { readonly kind: 'base' | 'catalog' | 'token' | 'metrics' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'manifest' | 'blob' | 'referrers'; readonly name: string; readonly reference: string }
  /** Without an id a new upload is to begin. */
  | { readonly kind: 'upload'; readonly name: string; readonly id: string | undefined };

const KINDS = { manifests: 'manifest', blobs: 'blob', referrers: 'referrers' } as const;
const PATH = /^\/v2\/(.+)\/(?:(blobs\/uploads)\/?([^/]*)|(blobs|manifests|referrers)\/([^/]+)|(tags)\/list)$/;
const FIXED: Readonly<Record<string, Route>> = {
  '/v2/': { kind: 'base' },
  '/v2': { kind: 'base' },
  '/v2/_catalog': { kind: 'catalog' },
  '/token': { kind: 'token' },
  '/metrics': { kind: 'metrics' },
};

/** The route of a path. Errors: `UNSUPPORTED`, `NAME_INVALID`. */
export function routeOf(method: string | undefined, pathname: string): Route {
  // Names and references have no character that a client would have to escape, but for the colon of a digest.
  const path = pathname.replaceAll(/%3a/gi, ':');
  const fixed = Object.hasOwn(FIXED, path) ? FIXED[path] : undefined;
  if (fixed !== undefined) return fixed;
  const match = PATH.exec(path);
  if (!match) throw pathUnknown(`${method} ${path}`);
  const [, name = '', isUpload, id, kind, reference = ''] = match;
  if (!isRepository(name)) throw nameInvalid(name);
  if (isUpload) return { kind: 'upload', name, id: id || undefined };
  return kind === undefined ? { kind: 'tags', name } : { kind: KINDS[kind as keyof typeof KINDS], name, reference }; // one of the pattern's words
}
