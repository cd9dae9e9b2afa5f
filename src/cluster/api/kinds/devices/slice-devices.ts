import type { V1CapacityRequestPolicy, V1CapacityRequestPolicyRange, V1Device, V1DeviceAttribute, V1DeviceCapacity } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../../validation/text-formats.ts';
import { amountOf } from '../storage/changes.ts';
import { checkNodeSelector } from '../../validation/pod-spec/affinity.ts';
import { checkAttributeName, checkBindingConditions, checkDeviceName, checkSet, checkTaint } from './names.ts';

const PARTS_MAX = 32;
const VALUES_MAX = 48;
const VALUE_BYTES_MAX = 64;
const TAINTS_MAX = 16;
const CONSUMPTIONS_MAX = 2;
export const COUNTERS_MAX = 32;
const OPTIONS_MAX = 10;
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;
const ONE_OF = 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
const LISTS = ['bools', 'ints', 'strings', 'versions'] as const;

/** One device; `apart` says that each device tells where it can be used. */
export function checkDevice(errors: FieldErrors, path: string, device: V1Device, apart: boolean): void {
  const { attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device;
  checkDeviceName(errors, `${path}.name`, device.name);
  const parts = Object.keys(attributes).length + Object.keys(capacity).length;
  if (parts > PARTS_MAX) errors.invalid(path, parts, `the total number of attributes and capacities must not exceed ${PARTS_MAX}`);
  const values = Object.values(attributes).reduce((sum, one) => sum + Math.max(1, ...LISTS.map((list) => one[list]?.length ?? 0)), 0);
  if (values > VALUES_MAX) errors.invalid(path, values, `the total number of attribute values must not exceed ${VALUES_MAX}`);
  for (const [name, one] of Object.entries(attributes)) {
    checkAttributeName(errors, `${path}.attributes`, name);
    checkAttribute(errors, `${path}.attributes[${name}]`, one);
  }
  for (const [name, one] of Object.entries(capacity)) {
    checkAttributeName(errors, `${path}.capacity`, name);
    checkCapacity(errors, `${path}.capacity[${name}]`, one, device.allowMultipleAllocations === true);
  }
  if (taints.length > TAINTS_MAX) errors.tooMany(`${path}.taints`, taints.length, TAINTS_MAX);
  else for (const [index, taint] of taints.entries()) checkTaint(errors, `${path}.taints[${index}]`, taint);
  checkSet(
    errors,
    `${path}.consumesCounters`,
    consumesCounters,
    CONSUMPTIONS_MAX,
    ({ counterSet }) => counterSet,
    (one, here) => checkCounters(errors, here, 'counterSet', one.counterSet, one.counters),
  );
  checkPlace(errors, path, device, apart);
  checkBindingConditions(errors, path, device.bindingConditions, device.bindingFailureConditions);
}

/** A set of counters, by name. */
export function checkCounters(errors: FieldErrors, path: string, field: string, name = '', counters: object = {}): void {
  if (name === '') errors.required(`${path}.${field}`);
  else checkText(errors, `${path}.${field}`, name, dnsLabel);
  const names = Object.keys(counters);
  if (names.length === 0) errors.required(`${path}.counters`);
  else if (names.length > COUNTERS_MAX) errors.tooMany(`${path}.counters`, names.length, COUNTERS_MAX);
  else for (const one of names) checkText(errors, `${path}.counters`, one, dnsLabel);
}

function checkAttribute(errors: FieldErrors, path: string, attribute: V1DeviceAttribute): void {
  const given = (['bool', 'int', 'string', 'version', ...LISTS] as const).filter((field) => attribute[field] !== undefined);
  for (const list of LISTS) if (attribute[list]?.length === 0) errors.invalid(`${path}.${list}`, [], 'must not be empty if specified');
  const texts = [[`${path}.string`, attribute.string] as const, ...(attribute.strings ?? []).map((text, at) => [`${path}.strings[${at}]`, text] as const)];
  const versions = [
    [`${path}.version`, attribute.version] as const,
    ...(attribute.versions ?? []).map((text, at) => [`${path}.versions[${at}]`, text] as const),
  ];
  for (const [field, text] of versions)
    if (text !== undefined && !VERSION.test(text)) errors.invalid(field, text, 'must be a string compatible with semver.org spec 2.0.0');
  for (const [field, text] of [...texts, ...versions]) if (Buffer.byteLength(text ?? '') > VALUE_BYTES_MAX) errors.tooLong(field, VALUE_BYTES_MAX);
  if (given.length !== 1) errors.invalid(path, given.length === 0 ? '' : attribute, 'exactly one value must be specified');
}

function checkCapacity(errors: FieldErrors, path: string, { value, requestPolicy: policy }: V1DeviceCapacity, shared: boolean): void {
  if (policy === undefined) return;
  const field = `${path}.requestPolicy`;
  if (!shared) return errors.forbidden(field, 'allowMultipleAllocations must be true');
  const { validValues = [], validRange } = policy;
  if (validValues.length > 0 && validRange !== undefined)
    return errors.forbidden(field, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time');
  if (validValues.length > 0 && policy.default === undefined) errors.required(`${field}.default`, 'required when validValues is defined');
  else if (validValues.length > 0) checkOptions(errors, `${field}.validValues`, value, policy);
  else if (validRange !== undefined && policy.default === undefined) errors.required(`${field}.default`, 'required when validRange is defined');
  else if (validRange !== undefined) checkRange(errors, `${field}.validRange`, value, validRange, policy.default ?? '');
}

function checkOptions(errors: FieldErrors, field: string, most: string, { validValues = [], default: standard = '' }: V1CapacityRequestPolicy): void {
  for (const [index, one] of validValues.entries())
    if (index > 0 && amountOf(validValues[index - 1]) > amountOf(one)) errors.invalid(`${field}[${index}]`, one, 'values must be sorted in ascending order');
  checkSet(
    errors,
    field,
    validValues,
    OPTIONS_MAX,
    (one) => String(amountOf(one) / 1000n),
    (one, here) => {
      if (amountOf(one) > amountOf(most)) errors.invalid(here, one, `option is larger than capacity value: ${most}`);
    },
  );
  if (!validValues.some((one) => amountOf(one) === amountOf(standard)))
    errors.invalid(field, standard, 'default value is not valid according to the requestPolicy');
}

function checkRange(errors: FieldErrors, path: string, most: string, { min, max, step }: V1CapacityRequestPolicyRange, standard: string): void {
  if (min === undefined) return errors.required(`${path}.min`, 'required when validRange is defined');
  const [low, wanted, all] = [amountOf(min), amountOf(standard), amountOf(most)];
  if (low > all) errors.invalid(`${path}.min`, min, `min is larger than capacity value: ${most}`);
  if (wanted < low) errors.invalid(`${path}.min`, standard, `default is less than min: ${min}`);
  if (max !== undefined) {
    if (low > amountOf(max)) errors.invalid(`${path}.max`, min, `min is larger than max: ${max}`);
    if (amountOf(max) > all) errors.invalid(`${path}.max`, max, `max is larger than capacity value: ${most}`);
    if (wanted > amountOf(max)) errors.invalid(`${path}.max`, standard, `default is more than max: ${max}`);
  }
  if (step === undefined) return;
  const size = amountOf(step);
  if (low + size > all) errors.invalid(`${path}.step`, step, `one step ${(low + size) / 1000n} is larger than capacity value: ${most}`);
  for (const one of [standard, ...(max === undefined ? [] : [max])])
    if (size !== 0n && (amountOf(one) - low) % size !== 0n)
      errors.invalid(`${path}.step`, one, `value is not a multiple of a given step (${step}) from (${min})`);
}

function checkPlace(errors: FieldErrors, path: string, { nodeName, nodeSelector, allNodes }: V1Device, apart: boolean): void {
  if (!apart) {
    if (nodeName !== undefined || nodeSelector !== undefined || allNodes !== undefined)
      errors.invalid(
        path,
        null,
        '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
      );
    return;
  }
  if (nodeName === '') errors.invalid(`${path}.nodeName`, '', 'must not be empty');
  else if (nodeName !== undefined) checkText(errors, `${path}.nodeName`, nodeName, dnsSubdomain);
  if (nodeSelector !== undefined) checkNodeSelector(errors, `${path}.nodeSelector`, nodeSelector);
  if (allNodes === false) errors.invalid(`${path}.allNodes`, false, 'must be either unset or set to true');
  const given = [nodeName ? ['`nodeName`'] : [], nodeSelector === undefined ? [] : ['`nodeSelector`'], allNodes ? ['`allNodes`'] : []].flat();
  if (given.length === 0) errors.required(path, ONE_OF);
  else if (given.length > 1) errors.invalid(path, `{${given.join(', ')}}`, ONE_OF);
}
