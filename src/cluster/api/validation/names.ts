import type { FieldErrors } from './field-errors.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** RFC 1123 label: what Namespaces, containers and volumes are called. */
export function checkLabelName(errors: FieldErrors, field: string, value: string): void {
  if (value.length > 63) errors.invalid(field, value, 'must be no more than 63 characters');
  else if (!LABEL.test(value)) {
    errors.invalid(
      field,
      value,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name', or '123-abc')",
    );
  }
}

/** RFC 1035 label: what Services are called, since their names are host names. */
export function checkHostLabel(errors: FieldErrors, field: string, value: string): void {
  checkLabelName(errors, field, value);
  if (/^\d/.test(value)) errors.invalid(field, value, 'a DNS-1035 label must start with an alphabetic character');
}

/** RFC 1123 subdomain: what most objects are called. */
export function checkSubdomain(errors: FieldErrors, field: string, value: string): void {
  if (value.length > 253) errors.invalid(field, value, 'must be no more than 253 characters');
  else if (!SUBDOMAIN.test(value)) {
    errors.invalid(
      field,
      value,
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com')",
    );
  }
}

/** Keys and values of labels. */
export function checkLabels(errors: FieldErrors, field: string, labels: Readonly<Record<string, string>> | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    checkQualifiedName(errors, field, key);
    if (value.length > 63) errors.invalid(field, value, 'must be no more than 63 characters');
    else if (value !== '' && !QUALIFIED.test(value))
      errors.invalid(
        field,
        value,
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      );
  }
}

/** A label's or annotation's key: an optional DNS prefix and a name. */
export function checkQualifiedName(errors: FieldErrors, field: string, key: string): void {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const prefix = parts.length === 2 ? parts[0] : undefined;
  if (parts.length > 2 || name.length > 63 || !QUALIFIED.test(name) || (prefix !== undefined && !SUBDOMAIN.test(prefix))) {
    errors.invalid(
      field,
      key,
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character, with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    );
  }
}
