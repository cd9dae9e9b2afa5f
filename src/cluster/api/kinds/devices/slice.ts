import type { V1Device, V1ResourceSlice, V1ResourceSliceSpec, V1beta1Device } from '../../generated/types.ts';
import { ageColumn, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkText, dnsSubdomain } from '../../validation/text-formats.ts';
import { checkDriverName } from '../storage/driver-name.ts';
import { checkNodeSelector } from '../../validation/pod-spec/affinity.ts';
import { strategy } from '../strategy.ts';
import { checkPoolName, checkSet } from './names.ts';
import { checkCounters, checkDevice } from './slice-devices.ts';

type Slice = V1ResourceSlice;
const DEVICES_MAX = 128;
const ADVANCED_DEVICES_MAX = 64;
const COUNTER_SETS_MAX = 8;
const ONE_OF = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required';
const IMMUTABLE = 'field is immutable';

/** The first version has all of a device but its name in a part of its own. */
function devicesOf(spec: V1ResourceSliceSpec | undefined, first: boolean): V1Device[] | undefined {
  // The rows of the registry say which models have the first version's devices.
  return first ? spec?.devices?.map((one) => ({ ...(one as V1beta1Device).basic, name: one.name })) : spec?.devices;
}

function validate(errors: FieldErrors, { spec }: Slice, old: Slice | undefined, first: boolean): void {
  const { pool, driver, nodeName, sharedCounters } = spec ?? {};
  checkDriverName(errors, 'spec.driver', driver);
  checkPoolName(errors, 'spec.pool.name', pool?.name);
  if ((pool?.resourceSliceCount ?? 0) <= 0) errors.invalid('spec.pool.resourceSliceCount', pool?.resourceSliceCount ?? 0, 'must be greater than zero');
  if ((pool?.generation ?? 0) < 0) errors.invalid('spec.pool.generation', pool?.generation, 'must be greater than or equal to zero');
  if (old !== undefined) {
    if (pool?.name !== old.spec.pool.name) errors.invalid('spec.pool.name', pool?.name ?? '', IMMUTABLE);
    if (driver !== old.spec.driver) errors.invalid('spec.driver', driver ?? '', IMMUTABLE);
    if (nodeName !== old.spec.nodeName) errors.invalid('spec.nodeName', nodeName ?? null, IMMUTABLE);
  }
  if (spec !== undefined) checkPlace(errors, spec);
  const devices = devicesOf(spec, first);
  if (sharedCounters !== undefined && devices !== undefined) errors.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed');
  const most = (devices ?? []).some(isAdvanced) ? ADVANCED_DEVICES_MAX : DEVICES_MAX;
  const apart = spec?.perDeviceNodeSelection === true;
  checkSet(
    errors,
    'spec.devices',
    devices ?? [],
    most,
    ({ name }) => name,
    (one, path) => checkDevice(errors, path, one, apart),
  );
  checkSet(
    errors,
    'spec.sharedCounters',
    sharedCounters ?? [],
    COUNTER_SETS_MAX,
    ({ name }) => name,
    (one, path) => checkCounters(errors, path, 'name', one.name, one.counters),
  );
}

function isAdvanced({ taints = [], consumesCounters = [], attributes = {} }: V1Device): boolean {
  const hasLists = Object.values(attributes).some(({ bools, ints, strings, versions }) => [bools, ints, strings, versions].some((list) => list !== undefined));
  return taints.length > 0 || consumesCounters.length > 0 || hasLists;
}

function checkPlace(errors: FieldErrors, { nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: V1ResourceSliceSpec): void {
  if (nodeName === '') errors.invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string');
  else if (nodeName !== undefined) checkText(errors, 'spec.nodeName', nodeName, dnsSubdomain);
  if (nodeSelector !== undefined) {
    checkNodeSelector(errors, 'spec.nodeSelector', nodeSelector);
    if (nodeSelector.nodeSelectorTerms.length !== 1)
      errors.invalid('spec.nodeSelector.nodeSelectorTerms', nodeSelector.nodeSelectorTerms, 'must have exactly one node selector term');
  }
  const switches = { allNodes, perDeviceNodeSelection };
  for (const [field, value] of Object.entries(switches)) if (value === false) errors.invalid(`spec.${field}`, false, 'must be either unset or set to true');
  const given = Object.entries({ nodeName, nodeSelector, ...switches }).flatMap(([field, value]) => (value ? [`\`${field}\``] : []));
  if (given.length === 0) errors.required('spec', ONE_OF);
  else if (given.length > 1) errors.invalid('spec', `{${given.join(', ')}}`, `${ONE_OF}, but multiple fields are set`);
}

/** A taint without a time is of when its slice was made; one multiplier where none is said. */
function setDefaults({ metadata, spec }: Slice, first: boolean): void {
  for (const device of spec?.devices ?? []) {
    const part = first ? (device as V1beta1Device).basic : device;
    for (const taint of part?.taints ?? [])
      if (taint.timeAdded === undefined && metadata.creationTimestamp !== undefined) taint.timeAdded = metadata.creationTimestamp;
    for (const mapping of Object.values(part?.nodeAllocatableResourceMappings ?? {})) mapping.allocationMultiplier ??= '1';
  }
}

/** What devices a driver has; `first`: as the first version writes them. */
export const resourceSlice = (first: boolean) =>
  strategy<Slice>({
    counted: true,
    setDefaults: (slice) => setDefaults(slice, first),
    validate: (errors, slice, old) => validate(errors, slice, old, first),
    columns: [
      nameColumn,
      column<Slice>('Node', ({ spec }) => spec.nodeName ?? ''),
      column<Slice>('Driver', ({ spec }) => spec.driver),
      column<Slice>('Pool', ({ spec }) => spec.pool.name),
      ageColumn,
    ],
  });
