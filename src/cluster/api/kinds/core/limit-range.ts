import type { V1LimitRange, V1LimitRangeItem } from '../../generated/types.ts';
import { isQuantity, type Milli, parseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkQualifiedName } from '../../validation/names.ts';
import { canOvercommit, checkContainerResourceName, checkResourceName } from '../../validation/pod-spec/resource-names.ts';
import { qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';

const TYPES = ['Pod', 'Container', 'PersistentVolumeClaim'];
const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

/** Of containers: the default limit is the most that is allowed, the default request the default limit, or else the least. */
function setDefaults({ spec }: V1LimitRange): void {
  for (const limit of spec?.limits ?? []) {
    if (limit.type !== 'Container') continue;
    const limits = { ...limit.max, ...limit.default };
    const requests = { ...limit.min, ...limits, ...limit.defaultRequest };
    if (Object.keys(limits).length > 0) limit.default = limits;
    if (Object.keys(requests).length > 0) limit.defaultRequest = requests;
  }
}

function validate(errors: FieldErrors, { spec }: V1LimitRange): void {
  const types = new Set<string>();
  for (const [index, limit] of (spec?.limits ?? []).entries()) {
    const path = `spec.limits[${index}]`;
    const { type = '' } = limit;
    checkType(errors, `${path}.type`, type);
    if (types.has(type)) errors.duplicate(`${path}.type`, type);
    types.add(type);
    checkNames(errors, path, limit);
    if (type === 'PersistentVolumeClaim' && limit.min?.storage === undefined && limit.max?.storage === undefined)
      errors.required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided');
    const names = new Set(LISTS.flatMap((list) => Object.keys(limit[list] ?? {})));
    for (const name of names) checkAmounts(errors, path, limit, name);
  }
}

function checkType(errors: FieldErrors, field: string, type: string): void {
  checkQualifiedName(errors, field, type);
  if (qualifiedName(type).length === 0 && !type.includes('/') && !TYPES.includes(type))
    errors.invalid(field, type, 'must be a standard limit type or fully qualified');
}

function checkNames(errors: FieldErrors, path: string, limit: V1LimitRangeItem): void {
  const ofContainers = limit.type === 'Pod' || limit.type === 'Container';
  for (const list of LISTS) {
    const names = Object.keys(limit[list] ?? {});
    if (limit.type === 'Pod' && (list === 'default' || list === 'defaultRequest')) {
      if (names.length > 0) errors.forbidden(`${path}.${list}`, "may not be specified when `type` is 'Pod'");
    } else for (const name of names) (ofContainers ? checkContainerResourceName : checkResourceName)(errors, `${path}.${list}[${name}]`, name);
  }
}

interface Amount {
  readonly text: string;
  readonly milli: Milli;
}

/** The amounts of one resource don't contradict one another. */
function checkAmounts(errors: FieldErrors, path: string, limit: V1LimitRangeItem, name: string): void {
  const read = (list: (typeof LISTS)[number]): Amount | undefined => {
    const text = limit.type === 'Pod' && list.startsWith('default') ? undefined : limit[list]?.[name];
    return text === undefined || !isQuantity(text) ? undefined : { text, milli: parseQuantity(text) };
  };
  const [max, min, standard, request, ratio] = LISTS.map(read);
  const refuse = (list: string, shown: Amount | undefined, one: Amount | undefined, other: Amount | undefined, words: readonly [string, string]) => {
    if (one !== undefined && other !== undefined && one.milli > other.milli)
      errors.invalid(`${path}.${list}[${name}]`, shown?.text, `${words[0]} value ${one.text} is greater than ${words[1]} value ${other.text}`);
  };
  refuse('min', min, min, max, ['min', 'max']);
  refuse('defaultRequest', request, min, request, ['min', 'default request']);
  refuse('defaultRequest', request, request, max, ['default request', 'max']);
  refuse('defaultRequest', request, request, standard, ['default request', 'default limit']);
  refuse('default', min, min, standard, ['min', 'default']);
  refuse('default', max, standard, max, ['default', 'max']);
  if (ratio !== undefined) checkRatio(errors, `${path}.maxLimitRequestRatio[${name}]`, ratio, min, max);
  if (!canOvercommit(name) && standard !== undefined && request !== undefined && standard.milli !== request.milli)
    errors.invalid(
      `${path}.defaultRequest[${name}]`,
      request.text,
      `default value ${standard.text} must equal to defaultRequest value ${request.text} in ${name}`,
    );
}

function checkRatio(errors: FieldErrors, field: string, ratio: Amount, min: Amount | undefined, max: Amount | undefined): void {
  if (ratio.milli < 1000n) errors.invalid(field, ratio.text, `ratio ${ratio.text} is less than 1`);
  if (min === undefined || max === undefined || min.milli === 0n) return;
  const most = Number(max.milli) / Number(min.milli);
  if (Number(ratio.milli) / 1000 > most) errors.invalid(field, ratio.text, `ratio ${ratio.text} is greater than max/min = ${most.toFixed(6)}`);
}

export const LIMIT_RANGE = strategy<V1LimitRange>({ setDefaults, validate });
