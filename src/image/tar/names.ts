import { tarInvalid } from '../errors.ts';

/** Beginning of the names that mark what a layer removes (OCI image-spec, layer, "Whiteouts"). */
export const WHITEOUT = '.wh.';
/** Marks a folder that hides everything below it in lower layers. */
export const OPAQUE_MARKER = '.wh..wh..opq';
/** Marks of AUFS that mean nothing here. */
export const RESERVED = '.wh..wh.';
/** The attribute by which overlayfs knows an opaque folder. */
export const OPAQUE_XATTR = 'trusted.overlay.opaque';

/** NAME_MAX and, less the NUL at its end, PATH_MAX of Linux. */
const [NAME_BYTES_MAX, PATH_BYTES_MAX] = [255, 4_095];
/** So much of a path is shown. */
const SHOWN_CHARACTERS_MAX = 200;

/** An entry's path below the root: no slash at either end, no `.` or empty part; empty for the root itself. Errors: `TAR_INVALID` when it climbs, or is longer than Linux takes. */
export function cleanPath(path: string): string {
  if (path.length > 2 * PATH_BYTES_MAX) throw tarInvalid(`entry ${shown(path)} has a path of ${path.length} bytes; Linux takes ${PATH_BYTES_MAX}`);
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw tarInvalid(`entry ${shown(path)} has ".." in its path`);
  if (path.includes('\0')) throw tarInvalid(`entry ${shown(path)} has a NUL in its path`);
  const name = parts.find((part) => part.length > NAME_BYTES_MAX);
  if (name !== undefined) throw tarInvalid(`entry ${shown(path)} has a name of ${name.length} bytes in its path; Linux takes ${NAME_BYTES_MAX}`);
  const clean = parts.join('/');
  if (clean.length > PATH_BYTES_MAX) throw tarInvalid(`entry ${shown(path)} has a path of ${clean.length} bytes; Linux takes ${PATH_BYTES_MAX}`);
  return clean;
}

/** The target of a symbolic link as it may be. Errors: `TAR_INVALID` for one that Linux does not take. */
export function checkLink(path: string, link: string): void {
  if (link === '') throw tarInvalid(`entry ${shown(path)} is a link to nothing: its target is empty`);
  if (link.includes('\0')) throw tarInvalid(`entry ${shown(path)} is a link with a NUL in its target`);
  if (link.length > PATH_BYTES_MAX) throw tarInvalid(`entry ${shown(path)} is a link to a path of ${link.length} bytes; Linux takes ${PATH_BYTES_MAX}`);
}

/** A path in messages: quoted, and cut where it is long. */
export function shown(path: string): string {
  const text = fromBytesText(path.slice(0, SHOWN_CHARACTERS_MAX));
  return JSON.stringify(path.length > SHOWN_CHARACTERS_MAX ? `${text}…` : text);
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
