import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, cIdentifier, dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../../validation/text-formats.ts';
import { checkDriverName } from '../storage/driver-name.ts';

const POOL_BYTES_MAX = 253;
const ID_BYTES_MAX = 32;
const BINDINGS_MAX = 4;
const EFFECTS = ['NoExecute', 'NoSchedule', 'None'];
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function checkPoolName(errors: FieldErrors, field: string, name = ''): void {
  if (name === '') return errors.required(field);
  if (Buffer.byteLength(name) > POOL_BYTES_MAX) errors.tooLong(field, POOL_BYTES_MAX);
  for (const part of name.split('/')) checkText(errors, field, part, dnsSubdomain);
}

/** A name of an attribute or a capacity: an identifier, and before it perhaps the domain of who defines it. */
export function checkAttributeName(errors: FieldErrors, field: string, name: string, full = false): void {
  const [first = '', second, ...more] = name.split('/');
  if (more.length === 0 && second === undefined) checkIdentifier(errors, field, first);
  else if (more.length === 0) {
    if (first === '') errors.invalid(field, '', 'the domain must not be empty');
    else checkDriverName(errors, field, first);
    if (second === '') errors.invalid(field, '', 'the name must not be empty');
    else checkIdentifier(errors, field, second ?? '');
  }
  if (full && !name.includes('/')) errors.invalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash');
}

function checkIdentifier(errors: FieldErrors, field: string, id: string): void {
  if (Buffer.byteLength(id) > ID_BYTES_MAX) errors.tooLong(field, ID_BYTES_MAX);
  checkText(errors, field, id, cIdentifier);
}

export function checkShareId(errors: FieldErrors, field: string, id: string): void {
  if (UUID.test(id)) return;
  const words = UUID.test(id.toLowerCase())
    ? 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
    : 'error validating uid: invalid UUID format';
  errors.invalid(field, id, words);
}

/** Each item once, and no more than so many; `keyOf` says what is shown of a second one. */
export function checkSet<T>(
  errors: FieldErrors,
  field: string,
  items: readonly T[],
  most: number,
  keyOf: (item: T) => string,
  check: (item: T, path: string) => void,
): void {
  if (items.length > most) return errors.tooMany(field, items.length, most);
  const keys = items.map(keyOf);
  for (const [index, item] of items.entries()) {
    check(item, `${field}[${index}]`);
    const key = keys[index] ?? '';
    if (keys.indexOf(key) < index) errors.duplicate(`${field}[${index}]`, key);
  }
}

/** Conditions that a device waits for, and those that end the wait: both or neither. */
export function checkBindingConditions(errors: FieldErrors, path: string, wanted: readonly string[] = [], failing: readonly string[] = []): void {
  const [one, other] = [`${path}.bindingConditions`, `${path}.bindingFailureConditions`];
  checkSet(errors, one, wanted, BINDINGS_MAX, String, (name, field) => checkText(errors, field, name, qualifiedName));
  checkSet(errors, other, failing, BINDINGS_MAX, String, (name, field) => checkText(errors, field, name, qualifiedName));
  for (const [index, name] of failing.entries())
    if (wanted.includes(name)) errors.invalid(`${other}[${index}]`, name, 'bindingFailureConditions must not overlap with bindingConditions');
  if (wanted.length === 0 && failing.length > 0) errors.invalid(one, wanted, 'bindingConditions are required to use bindingFailureConditions');
  if (failing.length === 0 && wanted.length > 0) errors.invalid(other, failing, 'bindingFailureConditions are required to use bindingConditions');
}

interface Taint {
  readonly key?: string;
  readonly value?: string;
  readonly effect?: string;
}

export function checkTaint(errors: FieldErrors, path: string, { key = '', value = '', effect = '' }: Taint, oldEffect?: string): void {
  checkText(errors, `${path}.key`, key, qualifiedName);
  if (value !== '') checkText(errors, `${path}.value`, value, labelValue);
  if (effect === oldEffect) return;
  if (effect === '') errors.required(`${path}.effect`);
  else if (!EFFECTS.includes(effect)) errors.notSupported(`${path}.effect`, effect, EFFECTS);
}

export function checkToleration(errors: FieldErrors, path: string, { key, value = '', effect, operator = '' }: Taint & { readonly operator?: string }): void {
  if (key) checkText(errors, `${path}.key`, key, qualifiedName);
  if (operator === 'Exists') {
    if (value !== '') errors.invalid(`${path}.value`, value, 'must be empty for operator `Exists`');
  } else if (operator === 'Equal') checkText(errors, `${path}.value`, value, labelValue);
  else if (operator === '') errors.required(`${path}.operator`);
  else errors.notSupported(`${path}.operator`, operator, ['Equal', 'Exists']);
  if (effect && !EFFECTS.includes(effect)) errors.notSupported(`${path}.effect`, effect, EFFECTS);
}

export const checkDeviceName = (errors: FieldErrors, field: string, name = ''): void => checkText(errors, field, name, dnsLabel);
