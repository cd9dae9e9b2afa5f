import { unsupportedMediaType } from '../errors.ts';
import type { Served } from '../kinds.ts';

export const JSON_PATCH = 'application/json-patch+json';
export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_PATCH = 'application/strategic-merge-patch+json';
const APPLY_PATCH = 'application/apply-patch+yaml';
const APPLY_CBOR = 'application/apply-patch+cbor';
export const PATCH_TYPES: readonly string[] = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH, APPLY_CBOR];

export function isApplyType(contentType: string | undefined): boolean {
  return contentType === APPLY_PATCH || contentType === APPLY_CBOR;
}

/** Looked at before the object is. Errors: 415. */
export function requirePatchType({ info }: Pick<Served, 'info'>, contentType = ''): void {
  // What has no list of merge keys would lose items silently.
  const types = info.custom === undefined ? PATCH_TYPES : PATCH_TYPES.filter((type) => type !== STRATEGIC_PATCH);
  if (!types.includes(contentType)) throw unsupportedMediaType(contentType, types);
}
