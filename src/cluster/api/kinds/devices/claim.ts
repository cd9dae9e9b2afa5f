import { isDeepStrictEqual } from 'node:util';
import type {
  ResourceV1ResourceClaim,
  V1DeviceClaim,
  V1DeviceRequest,
  V1ExactDeviceRequest,
  V1ResourceClaimTemplate,
  V1beta1DeviceRequest,
} from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkLabels } from '../../validation/names.ts';
import { strategy } from '../strategy.ts';
import { checkClaim } from './claim-rules.ts';
import { checkClaimStatus } from './claim-status.ts';

type Claim = ResourceV1ResourceClaim;
type Template = V1ResourceClaimTemplate;
const NOT_COMPILED = 'device selectors are stored, but this server does not compile their expressions yet';
const NOT_ALLOCATED = 'the claim is stored, but the scheduler of this cluster does not allocate devices yet';

/** How many of what: one, unless all of them or another number is asked for. */
function defaultCount(wanted: { allocationMode?: string; count?: number } | undefined): void {
  if (wanted === undefined) return;
  wanted.allocationMode ||= 'ExactCount';
  if (wanted.allocationMode === 'ExactCount') wanted.count ||= 1;
}

function defaultClaim({ requests = [] }: V1DeviceClaim, first: boolean): void {
  for (const request of requests) {
    for (const one of request.firstAvailable ?? []) defaultCount(one);
    if (!first) defaultCount(request.exactly);
    // The first version has all of it in the request itself.
    else if ((request as V1beta1DeviceRequest).deviceClassName) defaultCount(request as V1beta1DeviceRequest);
  }
}

/** A claim of the first version as later ones have it: what is asked for stands apart. */
function laterRequest(request: V1beta1DeviceRequest): V1DeviceRequest {
  const { name, firstAvailable, deviceClassName = '', ...rest } = request;
  const exactly = deviceClassName || Object.keys(rest).length > 0 ? { exactly: { deviceClassName, ...rest } satisfies V1ExactDeviceRequest } : {};
  return { name, ...exactly, ...(firstAvailable === undefined ? {} : { firstAvailable }) };
}

function devicesOf(devices: V1DeviceClaim | undefined, first: boolean): V1DeviceClaim {
  if (!first || devices?.requests === undefined) return devices ?? {};
  // The rows of the registry say which models have the first version's requests.
  return { ...devices, requests: devices.requests.map((one) => laterRequest(one as V1beta1DeviceRequest)) };
}

const hasSelectors = ({ requests = [] }: V1DeviceClaim) =>
  requests.some(({ exactly, firstAvailable = [] }) => [exactly, ...firstAvailable].some((wanted) => (wanted?.selectors ?? []).length > 0));

function stateText({ metadata, status }: Claim): string {
  const deleted = metadata.deletionTimestamp !== undefined;
  const states = [
    ...(deleted ? ['deleted'] : []),
    ...(status?.allocation === undefined ? (deleted ? [] : ['pending']) : ['allocated', ...(status.reservedFor?.length ? ['reserved'] : [])]),
  ];
  return states.join(',');
}

const columns: readonly Column[] = [nameColumn, column<Claim>('State', stateText), ageColumn];
const IMMUTABLE = 'field is immutable';

/** `first`: of the models whose requests are written as in the first version. */
export const resourceClaim = (first: boolean) =>
  strategy<Claim>({
    setDefaults: ({ spec }) => defaultClaim(spec?.devices ?? {}, first),
    prepareCreate: (claim) => {
      claim.status = {};
    },
    validate: (errors, { spec }, old) => {
      if (old === undefined) checkClaim(errors, 'spec.devices', devicesOf(spec?.devices, first));
      else if (!isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', spec ?? null, IMMUTABLE);
    },
    validateStatus: (errors, claim, old) =>
      checkClaimStatus(errors, { ...claim, spec: { ...claim.spec, devices: devicesOf(claim.spec?.devices, first) } }, old),
    warnings: ({ spec }, old) => (old === undefined ? [NOT_ALLOCATED, ...(hasSelectors(devicesOf(spec?.devices, first)) ? [NOT_COMPILED] : [])] : []),
    columns,
  });

function checkTemplate(errors: FieldErrors, { spec }: Template, old: Template | undefined, first: boolean): void {
  checkLabels(errors, 'spec.metadata.labels', spec?.metadata?.labels);
  checkClaim(errors, 'spec.spec.devices', devicesOf(spec?.spec?.devices, first));
  if (old !== undefined && !isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', spec ?? null, IMMUTABLE);
}

export const resourceClaimTemplate = (first: boolean) =>
  strategy<Template>({
    setDefaults: ({ spec }) => defaultClaim(spec?.spec?.devices ?? {}, first),
    validate: (errors, template, old) => checkTemplate(errors, template, old, first),
    warnings: ({ spec }) => (hasSelectors(devicesOf(spec?.spec?.devices, first)) ? [NOT_COMPILED] : []),
    columns: [nameColumn, ageColumn],
  });
