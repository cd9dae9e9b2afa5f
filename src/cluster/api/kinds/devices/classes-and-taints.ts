import { isDeepStrictEqual } from 'node:util';
import type { V1alpha3ResourcePoolStatusRequest, V1beta2DeviceTaintRule, V1DeviceClass } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import { age } from '../../table/duration.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { qualifiedName } from '../../validation/text-formats.ts';
import { checkConditions } from '../../validation/conditions.ts';
import { checkDriverName } from '../storage/driver-name.ts';
import { strategy } from '../strategy.ts';
import { checkOpaque, checkSelectors, CONFIGS_MAX } from './claim-rules.ts';
import { checkDeviceName, checkPoolName, checkTaint } from './names.ts';

const NAME_BYTES_MAX = 63;
const RULE_CONDITIONS_MAX = 8;
const POOLS_MAX = 1_000;
const POOL_CONDITIONS_MAX = 10;

/** A resource that isn't Kubernetes' own, and can be asked for by a quota. */
function isExtendedResource(name: string): boolean {
  const native = !name.includes('/') || name.includes('kubernetes.io/');
  return (
    !native && !name.startsWith('requests.') && qualifiedName(`requests.${name}`).length === 0 && Buffer.byteLength(name.split('/')[1] ?? '') <= NAME_BYTES_MAX
  );
}

function checkClass(errors: FieldErrors, { spec }: V1DeviceClass): void {
  const { selectors, config = [], extendedResourceName: name } = spec ?? {};
  checkSelectors(errors, 'spec.selectors', selectors);
  if (config.length > CONFIGS_MAX) errors.tooMany('spec.config', config.length, CONFIGS_MAX);
  else for (const [index, { opaque }] of config.entries()) checkOpaque(errors, `spec.config[${index}].opaque`, opaque);
  if (name !== undefined && !isExtendedResource(name)) errors.invalid('spec.extendedResourceName', name, 'must be a valid extended resource name');
}

export const DEVICE_CLASS = strategy<V1DeviceClass>({
  counted: true,
  validate: checkClass,
  warnings: ({ spec }) => (spec?.selectors?.length ? ['device selectors are stored, but this server does not compile their expressions yet'] : []),
  columns: [nameColumn, ageColumn],
});

type Rule = V1beta2DeviceTaintRule;

function checkRule(errors: FieldErrors, { spec }: Rule, old?: Rule): void {
  const { driver, pool, device } = spec?.deviceSelector ?? {};
  if (driver !== undefined) checkDriverName(errors, 'spec.deviceSelector.driver', driver);
  if (pool !== undefined) checkPoolName(errors, 'spec.deviceSelector.pool', pool);
  if (device !== undefined) checkDeviceName(errors, 'spec.deviceSelector.device', device);
  checkTaint(errors, 'spec.taint', spec?.taint ?? {}, old?.spec.taint.effect);
}

export const DEVICE_TAINT_RULE = strategy<Rule>({
  counted: true,
  setDefaults: ({ metadata, spec }) => {
    if (spec?.taint && spec.taint.timeAdded === undefined && metadata.creationTimestamp !== undefined) spec.taint.timeAdded = metadata.creationTimestamp;
  },
  prepareCreate: (rule) => {
    rule.status = {};
  },
  validate: checkRule,
  validateStatus: (errors, { status }) => {
    const { conditions = [] } = status ?? {};
    checkConditions(errors, 'status.conditions', conditions);
    if (conditions.length > RULE_CONDITIONS_MAX) errors.tooMany('status.conditions', conditions.length, RULE_CONDITIONS_MAX);
  },
  warnings: (_, old) => (old === undefined ? ['the rule is stored, but the scheduler of this cluster does not allocate devices yet'] : []),
  columns: [
    nameColumn,
    column<Rule>('Key', ({ spec }) => spec.taint.key),
    column<Rule>('Value', ({ spec }) => spec.taint.value ?? ''),
    column<Rule>('Effect', ({ spec }) => spec.taint.effect),
    column<Rule>('TimeAdded', ({ spec }, now_ms) => age(spec.taint.timeAdded, now_ms)),
    ageColumn,
  ],
});

type PoolRequest = V1alpha3ResourcePoolStatusRequest;

function checkPools(errors: FieldErrors, { status }: PoolRequest): void {
  const { poolCount, pools = [], conditions = [] } = status ?? {};
  if (status === undefined) return;
  if (poolCount === undefined) errors.required('status.poolCount');
  else if (poolCount < 0) errors.invalid('status.poolCount', poolCount, 'must be greater than or equal to 0');
  if (pools.length > POOLS_MAX) errors.tooMany('status.pools', pools.length, POOLS_MAX);
  for (const [index, pool] of pools.entries()) {
    const path = `status.pools[${index}]`;
    checkDriverName(errors, `${path}.driver`, pool.driver);
    checkPoolName(errors, `${path}.poolName`, pool.poolName);
    for (const field of ['totalDevices', 'allocatedDevices', 'availableDevices', 'unavailableDevices'] as const)
      if ((pool[field] ?? 0) < 0) errors.invalid(`${path}.${field}`, pool[field], 'must be greater than or equal to 0');
  }
  if (conditions.length > POOL_CONDITIONS_MAX) errors.tooMany('status.conditions', conditions.length, POOL_CONDITIONS_MAX);
  checkConditions(errors, 'status.conditions', conditions);
}

const ended = ({ status }: PoolRequest, type: string) => status?.conditions?.find((one) => one.type === type && one.status === 'True');
const sum = (field: 'totalDevices' | 'availableDevices' | 'allocatedDevices' | 'unavailableDevices') => (request: PoolRequest) =>
  request.status === undefined || ended(request, 'Failed') ? '-' : String((request.status.pools ?? []).reduce((total, pool) => total + (pool[field] ?? 0), 0));

function statusText(request: PoolRequest): string {
  if (ended(request, 'Failed')) return 'Failed';
  if (!ended(request, 'Complete')) return 'Pending';
  const [shown, all] = [request.status?.pools?.length ?? 0, request.status?.poolCount ?? 0];
  return all > shown ? `Complete (${shown}/${all} pools)` : 'Complete';
}

const poolColumns: readonly Column[] = [
  nameColumn,
  column<PoolRequest>('Driver', ({ spec }) => spec.driver),
  column<PoolRequest>('Total', sum('totalDevices')),
  column<PoolRequest>('Available', sum('availableDevices')),
  column<PoolRequest>('Allocated', sum('allocatedDevices')),
  column<PoolRequest>('Unavailable', sum('unavailableDevices')),
  column<PoolRequest>('Errors', (request) =>
    request.status === undefined || ended(request, 'Failed')
      ? '-'
      : String((request.status.pools ?? []).filter(({ validationError }) => validationError !== undefined).length),
  ),
  column<PoolRequest>('Pools', ({ status }) => status?.poolCount ?? 0, 0, 'integer'),
  column<PoolRequest>('Status', statusText),
  column<PoolRequest>('Completed', (request, now_ms) => {
    const done = ended(request, 'Complete');
    return done === undefined ? '<none>' : age(done.lastTransitionTime, now_ms);
  }),
];

export const RESOURCE_POOL_STATUS_REQUEST = strategy<PoolRequest>({
  setDefaults: ({ spec }) => {
    if (spec) spec.limit ??= 100;
  },
  validate: (errors, { spec }, old) => {
    checkDriverName(errors, 'spec.driver', spec?.driver);
    if (spec?.poolName !== undefined) checkPoolName(errors, 'spec.poolName', spec.poolName);
    const { limit = 100 } = spec ?? {};
    if (limit < 1) errors.invalid('spec.limit', limit, 'must be greater than or equal to 1');
    if (limit > POOLS_MAX) errors.invalid('spec.limit', limit, `must be less than or equal to ${POOLS_MAX}`);
    if (old !== undefined && !isDeepStrictEqual(spec, old.spec)) errors.invalid('spec', null, 'field is immutable');
  },
  validateStatus: checkPools,
  warnings: (_, old) => (old === undefined ? ['the request is stored, but nothing in this cluster answers it yet'] : []),
  columns: poolColumns,
});
