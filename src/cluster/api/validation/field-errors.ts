import type { StatusCause } from '../types.ts';

/** Gathers what is wrong, each with its field's path, in Kubernetes' words. */
export class FieldErrors {
  readonly causes: StatusCause[] = [];

  required(field: string, why = ''): void {
    this.#add('FieldValueRequired', field, `Required value${why === '' ? '' : `: ${why}`}`);
  }
  invalid(field: string, value: unknown, why: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${JSON.stringify(value)}${why === '' ? '' : `: ${why}`}`);
  }
  notSupported(field: string, value: unknown, supported: readonly string[]): void {
    this.#add(
      'FieldValueNotSupported',
      field,
      `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((item) => JSON.stringify(item)).join(', ')}`,
    );
  }
  duplicate(field: string, value: unknown, why = ''): void {
    this.#add('FieldValueDuplicate', field, `Duplicate value: ${JSON.stringify(value)}${why === '' ? '' : `: ${why}`}`);
  }
  notFound(field: string, value: unknown, why = ''): void {
    this.#add('FieldValueNotFound', field, `Not found: ${JSON.stringify(value)}${why === '' ? '' : `: ${why}`}`);
  }
  /** Invalid, where the value would say nothing. */
  wrong(field: string, why: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${why}`);
  }
  tooLong(field: string, bytes_max: number): void {
    this.#add('FieldValueTooLong', field, `Too long: may not be more than ${bytes_max} bytes`);
  }
  tooMany(field: string, count: number, most: number): void {
    this.#add('FieldValueTooMany', field, `Too many: ${count}: must have at most ${most} items`);
  }
  typeInvalid(field: string, value: unknown, why: string): void {
    this.#add('FieldValueTypeInvalid', field, `Invalid value: ${JSON.stringify(value)}: ${why}`);
  }
  forbidden(field: string, why: string): void {
    this.#add('FieldValueForbidden', field, `Forbidden: ${why}`);
  }

  #add(reason: string, field: string, message: string): void {
    this.causes.push({ reason, message, field });
  }
}
