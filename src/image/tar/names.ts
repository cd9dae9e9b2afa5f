import { tarInvalid } from '../errors.ts';

/** Beginning of the names that mark what a layer removes (OCI image-spec, layer, "Whiteouts"). */
export const WHITEOUT = '.wh.';
/** Marks a folder that hides everything below it in lower layers. */
export const OPAQUE_MARKER = '.wh..wh..opq';
/** Marks of AUFS that mean nothing here. */
export const RESERVED = '.wh..wh.';
/** The attribute by which overlayfs knows an opaque folder. */
export const OPAQUE_XATTR = 'trusted.overlay.opaque';

/** An entry's path below the root: no slash at either end, no `.` or empty part; empty for the root itself. Errors: `TAR_INVALID` when it climbs. */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw tarInvalid(`entry ${JSON.stringify(path)} has ".." in its path`);
  if (path.includes('\0')) throw tarInvalid(`entry ${JSON.stringify(path)} has a NUL in its path`);
  return parts.join('/');
}

/** Folder and name of a clean path. */
export function splitPath(path: string): { readonly folder: string; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
}

/** Text in UTF-8 as the latin1 text that holds the same bytes. */
export function toBytesText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
/** The other way round. */
export function fromBytesText(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}
