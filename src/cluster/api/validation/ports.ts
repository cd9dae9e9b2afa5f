import type { FieldErrors } from './field-errors.ts';
import { checkPort } from './numbers.ts';
import { checkText, portName } from './text-formats.ts';

/** A port by its number, or by the name that the Pod gives it. The field is always there in objects; a body may lack it. */
export function checkPortOrName(errors: FieldErrors, field: string, port: number | string | undefined): void {
  if (typeof port === 'string') checkText(errors, field, port, portName);
  else checkPort(errors, field, port);
}
