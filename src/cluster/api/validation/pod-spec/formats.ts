import type { FieldErrors } from '../field-errors.ts';
import { checkText, type TextFormat } from '../text-formats.ts';

const KEY_BYTES_MAX = 253;
const UNDERSCORED = '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const NAME_MAX = 253;

const unless = (fits: boolean, why: string): readonly string[] => (fits ? [] : [why]);

/** Names of variables may be anything that prints but `=`, which ends them. */
export const variableName: TextFormat = (text) => [
  ...unless(text !== '', 'environment variable name must be non-empty'),
  ...unless(/^[ -<>-~]*$/.test(text), "a valid environment variable name must consist only of printable ASCII characters other than '='"),
];

/** Keys of ConfigMaps and Secrets, which are file names where they are mounted. */
export const configKey: TextFormat = (text) => [
  ...unless(Buffer.byteLength(text) <= KEY_BYTES_MAX, `must be no more than ${KEY_BYTES_MAX} characters`),
  ...unless(
    /^[-._a-zA-Z0-9]+$/.test(text),
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
  ),
  ...(text === '.' || text === '..' ? [`must not be '${text}'`] : unless(!text.startsWith('..'), "must not start with '..'")),
];

export const headerName: TextFormat = (text) =>
  unless(
    /^[-A-Za-z0-9]+$/.test(text),
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
  );

/** A subdomain in which names of services may stand (`_http._tcp`). */
export const underscoredSubdomain: TextFormat = (text) => [
  ...unless(Buffer.byteLength(text) <= NAME_MAX, `must be no more than ${NAME_MAX} characters`),
  ...unless(
    new RegExp(`^${UNDERSCORED}(\\.${UNDERSCORED})*$`).test(text),
    `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${UNDERSCORED}(\\.${UNDERSCORED})*')`,
  ),
];

/** No way up out of a folder. */
export function checkNoBacksteps(errors: FieldErrors, field: string, path: string): void {
  if (path.split('/').includes('..')) errors.invalid(field, path, "must not contain '..'");
}

/** A path below the folder that it is for. */
export function checkDescending(errors: FieldErrors, field: string, path: string): void {
  if (path.startsWith('/')) errors.invalid(field, path, 'must be a relative path');
  checkNoBacksteps(errors, field, path);
}

/** As above, and not of the names that a volume's own machinery takes. */
export function checkOwnPath(errors: FieldErrors, field: string, path: string): void {
  checkDescending(errors, field, path);
  if (path.startsWith('..') && !path.startsWith('../')) errors.invalid(field, path, "must not start with '..'");
}

/** A name that must be there, of a format. */
export function checkNamed(errors: FieldErrors, field: string, name: string | undefined, format: TextFormat): void {
  if (!name) errors.required(field);
  else checkText(errors, field, name, format);
}

/** Each of these texts must be there. */
export function requireTexts<K extends string>(errors: FieldErrors, path: string, of: Readonly<Partial<Record<K, string>>>, fields: readonly K[]): void {
  for (const field of fields) if (!of[field]) errors.required(`${path}.${field}`);
}

const MODE_MAX = 0o777;

/** Permissions of a file. */
export function checkFileMode(errors: FieldErrors, field: string, mode: number | undefined): void {
  if (mode !== undefined && (mode > MODE_MAX || mode < 0)) errors.invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
}
