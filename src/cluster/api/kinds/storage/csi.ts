import { isDeepStrictEqual } from 'node:util';
import type { V1CSIDriver, V1CSIDriverSpec, V1CSINode, V1CSINodeDriver, V1CSIStorageCapacity } from '../../generated/types.ts';
import { ageColumn, type Column, column, nameColumn } from '../../table/column.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkNotNegative } from '../../validation/numbers.ts';
import { checkLabelSelector } from '../../validation/selector-rules.ts';
import { checkText, dnsSubdomain, qualifiedName } from '../../validation/text-formats.ts';
import { strategy } from '../strategy.ts';
import { amountOf } from './changes.ts';
import { checkDriverName } from './driver-name.ts';

const GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType'];
const LIFECYCLES = ['Persistent', 'Ephemeral'];
const PERIOD_SECONDS_MIN = 10;
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;
const NODE_ID_BYTES_MAX = 256;
const IMMUTABLE = 'field is immutable';

function setDriverDefaults(driver: V1CSIDriver): void {
  driver.spec ??= {};
  const { spec } = driver;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
  if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

function checkDriver(errors: FieldErrors, { spec = {} }: V1CSIDriver, old?: V1CSIDriver): void {
  const { fsGroupPolicy: policy, tokenRequests = [], nodeAllocatableUpdatePeriodSeconds: period, serviceAccountTokenInSecrets: inSecrets } = spec;
  if (policy !== undefined && !GROUP_POLICIES.includes(policy)) errors.notSupported('spec.fsGroupPolicy', policy, GROUP_POLICIES);
  checkTokens(errors, tokenRequests);
  for (const mode of spec.volumeLifecycleModes ?? []) if (!LIFECYCLES.includes(mode)) errors.notSupported('spec.volumeLifecycleModes', mode, LIFECYCLES);
  if (period !== undefined && period < PERIOD_SECONDS_MIN)
    errors.invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, `must be greater than or equal to ${PERIOD_SECONDS_MIN} seconds`);
  if (inSecrets !== undefined && tokenRequests.length === 0)
    errors.invalid('spec.serviceAccountTokenInSecrets', inSecrets, 'serviceAccountTokenInSecrets is set but no tokenRequests are specified');
  if (old?.spec === undefined) return;
  // Kubernetes' own path of the field has this slip.
  if (spec.attachRequired !== old.spec.attachRequired) errors.invalid('spec.attachedRequired', spec.attachRequired ?? null, IMMUTABLE);
  if (!isDeepStrictEqual(spec.volumeLifecycleModes, old.spec.volumeLifecycleModes))
    errors.invalid('spec.volumeLifecycleModes', spec.volumeLifecycleModes ?? null, IMMUTABLE);
}

function checkTokens(errors: FieldErrors, requests: NonNullable<V1CSIDriverSpec['tokenRequests']>): void {
  const audiences = requests.map(({ audience }) => audience);
  for (const [index, { audience, expirationSeconds: seconds }] of requests.entries()) {
    const path = `spec.tokenRequests[${index}]`;
    if (audiences.indexOf(audience) < index) {
      errors.duplicate(`${path}.audience`, audience);
      continue;
    }
    if (seconds === undefined) continue;
    if (seconds < TOKEN_SECONDS_MIN) errors.invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes');
    if (seconds > TOKEN_SECONDS_MAX) errors.invalid(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds');
  }
}

function checkNode(errors: FieldErrors, { spec }: V1CSINode, old?: V1CSINode): void {
  const drivers = spec?.drivers ?? [];
  const names = drivers.map(({ name }) => name);
  for (const [index, driver] of drivers.entries()) {
    checkNodeDriver(errors, `spec.drivers[${index}]`, driver);
    if (names.indexOf(driver.name) < index) errors.duplicate(`spec.drivers[${index}].name`, driver.name);
  }
  const fixed = ({ allocatable: _, ...driver }: V1CSINodeDriver) => driver;
  for (const before of old?.spec?.drivers ?? [])
    for (const now of drivers)
      if (now.name === before.name && !isDeepStrictEqual(fixed(now), fixed(before))) errors.invalid('spec.drivers', fixed(now), IMMUTABLE);
}

function checkNodeDriver(errors: FieldErrors, path: string, { name, nodeID = '', allocatable, topologyKeys = [] }: V1CSINodeDriver): void {
  checkDriverName(errors, `${path}.name`, name);
  if (nodeID === '') errors.required(`${path}.nodeID`);
  if (Buffer.byteLength(nodeID) > NODE_ID_BYTES_MAX) errors.invalid(`${path}.nodeID`, nodeID, `must be ${NODE_ID_BYTES_MAX} characters or less`);
  checkNotNegative(errors, `${path}.allocatable.count`, allocatable?.count);
  for (const [index, key] of topologyKeys.entries()) {
    if (key === '') errors.required(path);
    if (topologyKeys.indexOf(key) < index) errors.duplicate(path, key);
    checkText(errors, path, key, qualifiedName);
  }
}

function checkCapacity(errors: FieldErrors, object: V1CSIStorageCapacity, old?: V1CSIStorageCapacity): void {
  const { nodeTopology, storageClassName = '', capacity } = object;
  if (nodeTopology !== undefined) checkLabelSelector(errors, 'nodeTopology', nodeTopology);
  checkText(errors, 'storageClassName', storageClassName, dnsSubdomain);
  if (amountOf(capacity) < 0n) errors.invalid('capacity', capacity, 'must be greater than or equal to 0');
  if (old === undefined) return;
  if (!isDeepStrictEqual(nodeTopology, old.nodeTopology)) errors.invalid('nodeTopology', nodeTopology ?? null, IMMUTABLE);
  if (storageClassName !== old.storageClassName) errors.invalid('storageClassName', storageClassName, IMMUTABLE);
}

const driverColumns: readonly Column[] = [
  nameColumn,
  column<V1CSIDriver>('AttachRequired', ({ spec }) => spec?.attachRequired ?? true, 0, 'boolean'),
  column<V1CSIDriver>('PodInfoOnMount', ({ spec }) => spec?.podInfoOnMount ?? false, 0, 'boolean'),
  column<V1CSIDriver>('StorageCapacity', ({ spec }) => spec?.storageCapacity ?? false, 0, 'boolean'),
  column<V1CSIDriver>('TokenRequests', ({ spec }) => spec?.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>'),
  column<V1CSIDriver>('RequiresRepublish', ({ spec }) => spec?.requiresRepublish ?? false, 0, 'boolean'),
  column<V1CSIDriver>('Modes', ({ spec }) => (spec?.volumeLifecycleModes ?? []).join(',') || '<none>'),
  ageColumn,
];

/** What waits for a feature that is off is not kept, unless it is there already. */
function dropUnserved(driver: V1CSIDriver, old?: V1CSIDriver): void {
  if (driver.spec?.preventPodSchedulingIfMissing === undefined || old?.spec?.preventPodSchedulingIfMissing !== undefined) return;
  const { preventPodSchedulingIfMissing: _, ...spec } = driver.spec;
  driver.spec = spec;
}

/** A driver's own word on how its volumes are to be handled. Changes are counted, its making is not. */
export const CSI_DRIVER = strategy<V1CSIDriver>({
  setDefaults: setDriverDefaults,
  prepareCreate: (driver) => dropUnserved(driver),
  prepareUpdate: (driver, old) => {
    dropUnserved(driver, old);
    if (!isDeepStrictEqual(driver.spec, old.spec)) driver.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: checkDriver,
  warnings: ({ spec }, old) =>
    spec?.tokenRequests?.length && spec.serviceAccountTokenInSecrets === undefined && !isDeepStrictEqual(spec.tokenRequests, old?.spec?.tokenRequests)
      ? ['spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes']
      : [],
  columns: driverColumns,
});

/** The drivers that run on a node. */
export const CSI_NODE = strategy<V1CSINode>({
  validate: checkNode,
  columns: [nameColumn, column<V1CSINode>('Drivers', ({ spec }) => spec?.drivers.length ?? 0, 0, 'integer'), ageColumn],
});

/** How much of a class is left where. */
export const CSI_STORAGE_CAPACITY = strategy<V1CSIStorageCapacity>({
  validate: checkCapacity,
});
