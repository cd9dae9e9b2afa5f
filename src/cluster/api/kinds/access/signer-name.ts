import type { FieldErrors } from '../../validation/field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../../validation/text-formats.ts';

const DOMAIN_BYTES_MAX = 253;
const NAME_BYTES_MAX = 571;

/** Who is to sign: `example.com/name`. */
export function checkSignerName(errors: FieldErrors, field: string, name = ''): void {
  if (name === '') return errors.required(field);
  const [domain = '', path, ...more] = name.split('/');
  if (path === undefined || more.length > 0)
    return errors.invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  if (Buffer.byteLength(domain) > DOMAIN_BYTES_MAX) errors.tooLong(field, DOMAIN_BYTES_MAX);
  const labels = domain.split('.');
  checkFirst(errors, field, domain, labels, dnsLabel);
  if (labels.length < 2) errors.invalid(field, domain, 'should be a domain with at least two segments separated by dots');
  checkFirst(errors, field, path, path.split('.'), dnsSubdomain);
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) errors.tooLong(field, NAME_BYTES_MAX);
}

/** The first part that is wrong; the others would say the same. */
function checkFirst(errors: FieldErrors, field: string, whole: string, labels: readonly string[], format: typeof dnsLabel): void {
  const wrong = labels.find((label) => format(label).length > 0);
  if (wrong === undefined) return;
  for (const why of format(wrong)) errors.invalid(field, whole, `validating label ${JSON.stringify(wrong)}: ${why}`);
}
