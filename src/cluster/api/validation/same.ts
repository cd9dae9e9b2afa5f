import { isQuantity, parseQuantity } from '../quantity.ts';
import { isRecord } from '../schema/is-record.ts';
import type { FieldErrors } from './field-errors.ts';

/** Maps whose values are amounts: `1` and `1000m` are the same one. */
const AMOUNTS = new Set(['limits', 'requests', 'overhead', 'hard', 'capacity', 'allocatable', 'min', 'max', 'default', 'defaultRequest']);
/** Maps that are as if not there when nothing is in them; other empty objects say something (`emptyDir: {}`). */
const MAPS = new Set([...AMOUNTS, 'labels', 'annotations', 'matchLabels', 'nodeSelector']);
/** Switches of which off and not said are one. */
const SWITCHES = new Set(['hostNetwork', 'hostPID', 'hostIPC', 'stdin', 'stdinOnce', 'tty', 'readOnly']);
/** Texts of which empty and not said are two. */
const POINTED = new Set(['storageClassName', 'runtimeClassName', 'apiGroup']);

/** Whether two values say the same, however they are written: an amount in other units, an empty list and none. `key` is the field they stand in. */
export function sameContent(one: unknown, other: unknown, key = ''): boolean {
  if (one === other || (isUnsaid(one, key) && isUnsaid(other, key))) return true;
  if (Array.isArray(one) && Array.isArray(other)) return one.length === other.length && one.every((item, index) => sameContent(item, other[index]));
  if (!isRecord(one) || !isRecord(other)) return false;
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) =>
    AMOUNTS.has(key) ? sameAmount(one[name], other[name]) : sameContent(one[name], other[name], name),
  );
}

function sameAmount(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return one === other;
  return isQuantity(one) && isQuantity(other) ? parseQuantity(one) === parseQuantity(other) : one === other;
}

function isUnsaid(value: unknown, key: string): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  if (value === '') return !POINTED.has(key);
  if (value === false) return SWITCHES.has(key);
  return MAPS.has(key) && isRecord(value) && Object.keys(value).length === 0;
}

/** What may not change once it is there. */
export function checkKept(errors: FieldErrors, field: string, now: unknown, before: unknown): void {
  const key = field.slice(field.lastIndexOf('.') + 1);
  if (!sameContent(now, before, key)) errors.invalid(field, now ?? null, 'field is immutable');
}
