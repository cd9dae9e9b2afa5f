import { isDeepStrictEqual } from 'node:util';
import type { ResourceV1ResourceClaim, V1AllocatedDeviceStatus, V1AllocationResult, V1DeviceRequestAllocationResult } from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { parseRange } from '../../validation/ip.ts';
import { checkConditions } from '../../validation/conditions.ts';
import { checkDriverName } from '../storage/driver-name.ts';
import { checkNodeSelector } from '../../validation/pod-spec/affinity.ts';
import { checkObject, checkOpaque, checkReference, checkReferences, CONFIGS_MAX, requestNames } from './claim-rules.ts';
import { checkBindingConditions, checkDeviceName, checkPoolName, checkSet, checkShareId } from './names.ts';

const RESERVED_MAX = 256;
const RESULTS_MAX = 32;
const STATUS_CONDITIONS_MAX = 8;
const DATA_BYTES_MAX = 10 * 1024;
const IPS_MAX = 16;
const INTERFACE_BYTES_MAX = 256;
const HARDWARE_BYTES_MAX = 128;
const SOURCES = ['FromClass', 'FromClaim'];

type Claim = Pick<ResourceV1ResourceClaim, 'metadata' | 'spec' | 'status'>;
interface Device {
  readonly driver?: string;
  readonly pool?: string;
  readonly device?: string;
  readonly shareID?: string;
}
const idOf = ({ driver, pool, device, shareID }: Device) => `${driver}/${pool}/${device}${shareID === undefined ? '' : `/${shareID}`}`;

/** What is allocated stays; who reserves it comes and goes. */
export function checkClaimStatus(errors: FieldErrors, { metadata, spec, status = {} }: Claim, old: Claim): void {
  const { reservedFor = [], allocation, devices = [] } = status;
  checkSet(
    errors,
    'status.reservedFor',
    reservedFor,
    RESERVED_MAX,
    ({ uid }) => uid,
    (one, path) => {
      for (const field of ['resource', 'name', 'uid'] as const) if (!one[field]) errors.required(`${path}.${field}`);
    },
  );
  const allocated = new Set((allocation?.devices?.results ?? []).map(idOf));
  checkSet(errors, 'status.devices', devices, Infinity, idOf, (one, path) => checkDeviceStatus(errors, path, one, allocated));
  if (reservedFor.length > 0 && allocation === undefined) errors.forbidden('status.reservedFor', 'may not be specified when `allocated` is not set');
  else if (metadata.deletionTimestamp !== undefined && reservedFor.some((one) => !old.status?.reservedFor?.some((other) => isDeepStrictEqual(one, other))))
    errors.forbidden('status.reservedFor', 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set');
  if (allocation === undefined) return;
  if (old.status?.allocation === undefined) checkAllocation(errors, 'status.allocation', allocation, requestNames(spec.devices ?? {}));
  else if (!isDeepStrictEqual(allocation, old.status.allocation)) errors.invalid('status.allocation', allocation, 'field is immutable');
}

function checkAllocation(errors: FieldErrors, path: string, { devices, nodeSelector }: V1AllocationResult, names: ReadonlySet<string>): void {
  const { results = [], config = [] } = devices ?? {};
  if (results.length > RESULTS_MAX) errors.tooMany(`${path}.devices.results`, results.length, RESULTS_MAX);
  else for (const [index, one] of results.entries()) checkResult(errors, `${path}.devices.results[${index}]`, one, names);
  if (config.length > 2 * CONFIGS_MAX) errors.tooMany(`${path}.devices.config`, config.length, 2 * CONFIGS_MAX);
  else
    for (const [index, { source, requests = [], opaque }] of config.entries()) {
      const here = `${path}.devices.config[${index}]`;
      if (!source) errors.required(`${here}.source`);
      else if (!SOURCES.includes(source)) errors.notSupported(`${here}.source`, source, SOURCES);
      checkReferences(errors, `${here}.requests`, requests, names);
      checkOpaque(errors, `${here}.opaque`, opaque);
    }
  if (nodeSelector !== undefined) checkNodeSelector(errors, `${path}.nodeSelector`, nodeSelector);
}

function checkResult(errors: FieldErrors, path: string, result: V1DeviceRequestAllocationResult, names: ReadonlySet<string>): void {
  checkReference(errors, `${path}.request`, result.request ?? '', names);
  checkDriverName(errors, `${path}.driver`, result.driver);
  checkPoolName(errors, `${path}.pool`, result.pool);
  checkDeviceName(errors, `${path}.device`, result.device);
  checkBindingConditions(errors, path, result.bindingConditions, result.bindingFailureConditions);
  if (result.shareID !== undefined) checkShareId(errors, `${path}.shareID`, result.shareID);
}

function checkDeviceStatus(errors: FieldErrors, path: string, device: V1AllocatedDeviceStatus, allocated: ReadonlySet<string>): void {
  checkDriverName(errors, `${path}.driver`, device.driver);
  checkPoolName(errors, `${path}.pool`, device.pool);
  checkDeviceName(errors, `${path}.device`, device.device);
  if (device.shareID !== undefined) checkShareId(errors, `${path}.shareID`, device.shareID);
  if (!allocated.has(idOf(device))) errors.invalid(path, idOf(device), 'must be an allocated device in the claim');
  const { conditions = [], data, networkData } = device;
  if (conditions.length > STATUS_CONDITIONS_MAX) errors.tooMany(`${path}.conditions`, conditions.length, STATUS_CONDITIONS_MAX);
  checkConditions(errors, `${path}.conditions`, conditions);
  if (data !== undefined) checkObject(errors, `${path}.data`, data, DATA_BYTES_MAX);
  const { interfaceName = '', hardwareAddress = '', ips = [] } = networkData ?? {};
  if (Buffer.byteLength(interfaceName) > INTERFACE_BYTES_MAX) errors.tooLong(`${path}.networkData.interfaceName`, INTERFACE_BYTES_MAX);
  if (Buffer.byteLength(hardwareAddress) > HARDWARE_BYTES_MAX) errors.tooLong(`${path}.networkData.hardwareAddress`, HARDWARE_BYTES_MAX);
  checkSet(errors, `${path}.networkData.ips`, ips, IPS_MAX, String, (address, field) => {
    if (parseRange(address) === undefined) errors.invalid(field, address, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)');
  });
}
