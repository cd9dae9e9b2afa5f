import type { ResourceRef } from '#cluster/api';

/** What a path below /api or /apis names. */
export type Route =
  | {
      readonly kind: 'resource';
      readonly resource: ResourceRef;
      readonly namespace?: string;
      readonly name?: string;
      readonly subresource?: string /** What follows the subresource. */;
      readonly rest?: string;
      /** Asked for below `/watch/`, as long ago. */
      readonly watch?: true;
    }
  | { readonly kind: 'group-version'; readonly group: string; readonly version: string }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'legacy-versions' }
  | { readonly kind: 'groups' }
  | { readonly kind: 'other' };

/** Splits a path as Kubernetes does: `/api/v1/…` is the core group, `/apis/<group>/<version>/…` the others. */
export function parsePath(path: string): Route {
  const parts = path
    .replaceAll(/^\/|\/$/g, '')
    .split('/')
    .map(decodePart);
  // An empty part names nothing; a slash at the end says nothing.
  if (parts.includes('')) return { kind: 'other' };
  if (parts[0] === 'api') {
    if (parts.length === 1) return { kind: 'legacy-versions' };
    return parseVersion('', parts[1] ?? '', parts.slice(2));
  }
  if (parts[0] !== 'apis') return { kind: 'other' };
  if (parts.length === 1) return { kind: 'groups' };
  if (parts.length === 2) return { kind: 'group', group: parts[1] ?? '' };
  return parseVersion(parts[1] ?? '', parts[2] ?? '', parts.slice(3));
}

function parseVersion(group: string, version: string, parts: readonly string[]): Route {
  const [first, second, third] = parts;
  if (first === undefined) return { kind: 'group-version', group, version };
  if (first === 'watch' && second !== undefined) {
    const watched = parseVersion(group, version, parts.slice(1));
    return watched.kind === 'resource' ? { ...watched, watch: true } : watched;
  }
  const at = (resource: string, namespace: string | undefined, rest: readonly string[]): Route => {
    const [name, subresource, ...more] = rest;
    return {
      kind: 'resource',
      resource: { group, version, resource },
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      ...(subresource === undefined ? {} : { subresource }),
      ...(more.length === 0 ? {} : { rest: more.join('/') }),
    };
  };
  const ownSubresource = third === 'status' || third === 'finalize';
  if (first === 'namespaces' && second !== undefined && third !== undefined && !(group === '' && ownSubresource && parts.length === 3)) {
    return at(third, second, parts.slice(3));
  }
  return at(first, undefined, parts.slice(1));
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // Not percent-encoded text: it is taken as it stands, and names nothing that exists.
    return part;
  }
}
