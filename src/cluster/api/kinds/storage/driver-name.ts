import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../../validation/text-formats.ts';

const BYTES_MAX = 63;

/** What a driver of volumes or devices calls itself. */
export function checkDriverName(errors: FieldErrors, field: string, name = ''): void {
  if (name === '') return errors.required(field);
  if (Buffer.byteLength(name) > BYTES_MAX) errors.tooLong(field, BYTES_MAX);
  for (const why of dnsSubdomain(name.toLowerCase())) errors.invalid(field, name, why);
}

/** A Secret by name and namespace. */
export function checkSecretReference(errors: FieldErrors, path: string, secret: { name?: string; namespace?: string } | undefined): void {
  if (secret === undefined) return;
  if (!secret.name) errors.required(`${path}.name`);
  else checkText(errors, `${path}.name`, secret.name, dnsSubdomain);
  if (!secret.namespace) errors.required(`${path}.namespace`);
  else checkText(errors, `${path}.namespace`, secret.namespace, dnsLabel);
}
