import type { FieldErrors } from './field-errors.ts';
import { dnsLabel, dnsSubdomain, type TextFormat } from './text-formats.ts';

const DOMAIN_BYTES_MAX = 253;
const NAME_BYTES_MAX = 571;

/** Whether the signer is one of the project's own. */
export function isKubernetesSigner(name: string): boolean {
  return /(?:^|\.)kubernetes\.io$/.test(name.split('/')[0] ?? '');
}

/** `example.com/signer-name`. */
export function checkSignerName(errors: FieldErrors, field: string, name = ''): void {
  if (name === '') return errors.required(field);
  const [domain = '', path, ...more] = name.split('/');
  if (path === undefined || more.length > 0)
    return errors.invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  if (Buffer.byteLength(domain) > DOMAIN_BYTES_MAX) errors.tooLong(field, DOMAIN_BYTES_MAX);
  checkParts(errors, field, domain, dnsLabel);
  if (!domain.includes('.')) errors.invalid(field, domain, 'should be a domain with at least two segments separated by dots');
  checkParts(errors, field, path, dnsSubdomain);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) errors.tooLong(field, NAME_BYTES_MAX);
}

/** The first part that is wrong is told of. */
function checkParts(errors: FieldErrors, field: string, text: string, format: TextFormat): void {
  const part = text.split('.').find((one) => format(one).length > 0);
  if (part !== undefined) for (const why of format(part)) errors.invalid(field, text, `validating label ${JSON.stringify(part)}: ${why}`);
}
