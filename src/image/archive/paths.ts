import { algorithmOf, hexOf } from '../digest.ts';
import type { Digest } from '../types.ts';

/** Where a blob lies in an OCI layout (OCI image-spec, image layout, "Blobs"). */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}
