import type {
  V1DeviceClaim,
  V1DeviceConstraint,
  V1DeviceRequest,
  V1DeviceSelector,
  V1DeviceSubRequest,
  V1ExactDeviceRequest,
  V1OpaqueDeviceConfiguration,
} from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsLabel, dnsSubdomain } from '../../validation/text-formats.ts';
import { checkDriverName } from '../storage/driver-name.ts';
import { checkAttributeName, checkSet, checkToleration } from './names.ts';

const REQUESTS_MAX = 32;
const CONSTRAINTS_MAX = 32;
export const CONFIGS_MAX = 32;
const SELECTORS_MAX = 32;
const ALTERNATIVES_MAX = 8;
const EXPRESSION_BYTES_MAX = 10 * 1024;
const PARAMETERS_BYTES_MAX = 10 * 1024;
const MODES = ['All', 'ExactCount'];
const REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

/** By what a claim's parts may name its requests: `a`, or `a/b` for one of the alternatives of `a`. */
export function requestNames({ requests = [] }: V1DeviceClaim): ReadonlySet<string> {
  return new Set(requests.flatMap(({ name, firstAvailable = [] }) => [name, ...firstAvailable.map((one) => `${name}/${one.name}`)]));
}

export function checkClaim(errors: FieldErrors, path: string, claim: V1DeviceClaim): void {
  const names = requestNames(claim);
  const byName = ({ name }: V1DeviceRequest) => name ?? '';
  checkSet(errors, `${path}.requests`, claim.requests ?? [], REQUESTS_MAX, byName, (one, here) => checkRequest(errors, here, one));
  const { constraints = [], config = [] } = claim;
  if (constraints.length > CONSTRAINTS_MAX) errors.tooMany(`${path}.constraints`, constraints.length, CONSTRAINTS_MAX);
  else for (const [index, one] of constraints.entries()) checkConstraint(errors, `${path}.constraints[${index}]`, one, names);
  if (config.length > CONFIGS_MAX) errors.tooMany(`${path}.config`, config.length, CONFIGS_MAX);
  else
    for (const [index, { requests = [], opaque }] of config.entries()) {
      checkReferences(errors, `${path}.config[${index}].requests`, requests, names);
      checkOpaque(errors, `${path}.config[${index}].opaque`, opaque);
    }
}

export function checkReferences(errors: FieldErrors, field: string, requests: readonly string[], names: ReadonlySet<string>): void {
  checkSet(errors, field, requests, REQUESTS_MAX, String, (name, here) => checkReference(errors, here, name, names));
}

export function checkReference(errors: FieldErrors, field: string, name: string, names: ReadonlySet<string>): void {
  const parts = name.split('/');
  if (parts.length > 2) return errors.invalid(field, name, REFERENCE);
  for (const part of parts) checkText(errors, field, part, dnsLabel);
  if (!names.has(name)) errors.invalid(field, name, REFERENCE);
}

function checkRequest(errors: FieldErrors, path: string, { name = '', exactly, firstAvailable = [] }: V1DeviceRequest): void {
  checkText(errors, `${path}.name`, name, dnsLabel);
  if (exactly === undefined && firstAvailable.length === 0) errors.required(path, 'exactly one of `exactly` or `firstAvailable` is required');
  else if (exactly !== undefined && firstAvailable.length > 0)
    errors.invalid(path, null, 'exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set');
  else if (exactly !== undefined) checkWanted(errors, `${path}.exactly`, exactly);
  else
    checkSet(
      errors,
      `${path}.firstAvailable`,
      firstAvailable,
      ALTERNATIVES_MAX,
      (one) => one.name,
      (one, here) => {
        checkText(errors, `${here}.name`, one.name ?? '', dnsLabel);
        checkWanted(errors, here, one);
      },
    );
}

function checkWanted(errors: FieldErrors, path: string, wanted: V1ExactDeviceRequest | V1DeviceSubRequest): void {
  const { deviceClassName, selectors, allocationMode = '', count = 0, tolerations = [] } = wanted;
  if (!deviceClassName) errors.required(`${path}.deviceClassName`);
  else checkText(errors, `${path}.deviceClassName`, deviceClassName, dnsSubdomain);
  checkSelectors(errors, `${path}.selectors`, selectors);
  if (!MODES.includes(allocationMode)) errors.notSupported(`${path}.allocationMode`, allocationMode, MODES);
  else if (allocationMode === 'All') {
    if (count !== 0) errors.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'");
  } else if (count <= 0) errors.invalid(`${path}.count`, count, 'must be greater than zero');
  for (const [index, one] of tolerations.entries()) checkToleration(errors, `${path}.tolerations[${index}]`, one);
}

export function checkSelectors(errors: FieldErrors, field: string, selectors: readonly V1DeviceSelector[] = []): void {
  if (selectors.length > SELECTORS_MAX) return errors.tooMany(field, selectors.length, SELECTORS_MAX);
  for (const [index, { cel }] of selectors.entries()) {
    if (cel === undefined) errors.required(`${field}[${index}].cel`);
    else if (Buffer.byteLength(cel.expression ?? '') > EXPRESSION_BYTES_MAX) errors.tooLong(`${field}[${index}].cel.expression`, EXPRESSION_BYTES_MAX);
    else if (!cel.expression) errors.required(`${field}[${index}].cel.expression`);
  }
}

function checkConstraint(errors: FieldErrors, path: string, constraint: V1DeviceConstraint, names: ReadonlySet<string>): void {
  const { requests = [], matchAttribute, distinctAttribute } = constraint;
  checkReferences(errors, `${path}.requests`, requests, names);
  if (matchAttribute !== undefined) checkAttributeName(errors, `${path}.matchAttribute`, matchAttribute, true);
  else if (distinctAttribute !== undefined) checkAttributeName(errors, `${path}.distinctAttribute`, distinctAttribute, true);
  else errors.required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set');
}

export function checkOpaque(errors: FieldErrors, field: string, opaque: V1OpaqueDeviceConfiguration | undefined): void {
  if (opaque === undefined) return errors.required(field);
  checkDriverName(errors, `${field}.driver`, opaque.driver);
  checkObject(errors, `${field}.parameters`, opaque.parameters, PARAMETERS_BYTES_MAX);
}

/** What only a driver understands: an object, and not too long. */
export function checkObject(errors: FieldErrors, field: string, value: unknown, bytes_max: number): void {
  if (value === undefined || value === null) errors.required(field);
  else if (Buffer.byteLength(JSON.stringify(value)) > bytes_max) errors.tooLong(field, bytes_max);
  else if (typeof value !== 'object' || Array.isArray(value)) errors.invalid(field, '<value omitted>', 'must be a valid JSON object');
}
