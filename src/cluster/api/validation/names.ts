import type { FieldErrors } from './field-errors.ts';
import { checkLabelMap } from './selector-rules.ts';
import { checkText, dnsLabel, dnsSubdomain, qualifiedName } from './text-formats.ts';

const ANNOTATIONS_BYTES_MAX = 256 * 1024;

/** RFC 1123 label: what Namespaces, containers and volumes are called. */
export function checkLabelName(errors: FieldErrors, field: string, value: string): void {
  checkText(errors, field, value, dnsLabel);
}

/** RFC 1035 label: what Services are called, since their names are host names. */
export function checkHostLabel(errors: FieldErrors, field: string, value: string): void {
  checkLabelName(errors, field, value);
  if (/^\d/.test(value)) errors.invalid(field, value, 'a DNS-1035 label must start with an alphabetic character');
}

/** RFC 1123 subdomain: what most objects are called. */
export function checkSubdomain(errors: FieldErrors, field: string, value: string): void {
  checkText(errors, field, value, dnsSubdomain);
}

/** Keys and values of labels. */
export function checkLabels(errors: FieldErrors, field: string, labels: Readonly<Record<string, string>> | undefined): void {
  checkLabelMap(errors, field, labels);
}

/** A label's or annotation's key: an optional DNS prefix and a name. */
export function checkQualifiedName(errors: FieldErrors, field: string, key: string): void {
  checkText(errors, field, key, qualifiedName);
}

/** Keys of annotations, which may be of any case, and all that is in them. */
export function checkAnnotations(errors: FieldErrors, field: string, annotations: Readonly<Record<string, string>> = {}): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    for (const why of qualifiedName(key.toLowerCase())) errors.invalid(field, key, why);
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) errors.tooLong(field, ANNOTATIONS_BYTES_MAX);
}
