import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareForCreate, toTable, type V1PersistentVolumeClaim, warningsOf } from '../../index.ts';
import { checkRows, createErrors, golden, resourceOf, set, statusErrors, updateErrors } from '../testkit/rules.ts';

const volume = (source: object, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'v' },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...source, ...more },
});
const claim = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'c' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};
const cells = (key: string) => {
  const object = golden(key);
  return toTable(resourceOf(object), [object], { now_ms: 0, includeObject: 'None' }).rows[0]?.cells;
};

test('a PersistentVolume: its own rules', () => {
  checkRows(volume({ hostPath: { path: '/data' } }), [
    ['spec.accessModes', [], 'spec.accessModes: Required value'],
    [
      'spec.accessModes',
      ['RWO'],
      'spec.accessModes: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    ],
    ['spec.accessModes', ['ReadWriteOnce', 'ReadWriteOncePod'], 'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes'],
    ['spec.capacity', undefined, 'spec.capacity: Required value'],
    ['spec.capacity', { storage: '0' }, 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'],
    ['spec.capacity', { storage: '1', cpu: '1' }, 'spec.capacity: Unsupported value: {"storage":"1","cpu":"1"}: supported values: "storage"'],
    [
      'spec.persistentVolumeReclaimPolicy',
      'Keep',
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"',
    ],
    ['spec.hostPath', undefined, 'spec: Required value: must specify a volume type'],
    ['spec.hostPath.path', '/a/../b', 'spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\''],
    ['spec.nfs', { server: 's', path: '/p' }, 'spec.nfs: Forbidden: may not specify more than 1 volume type'],
    ['spec.nodeAffinity', {}, 'spec.nodeAffinity.required: Required value: must specify required node constraints'],
    ['spec.volumeMode', 'Tape', 'spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"'],
    ['spec.volumeAttributesClassName', 'gold', 'spec.csi: Required value: has to be specified when using volumeAttributesClassName'],
    ['spec.storageClassName', 'A_B', 'spec.storageClassName: Invalid value: "A_B": a lowercase RFC 1123 subdomain must…'],
  ]);
});

test('a PersistentVolume: the rules of where it lies', () => {
  checkRows(volume({}), [
    ['spec.nfs', { server: 's', path: 'p' }, 'spec.nfs.path: Invalid value: "p": must be an absolute path'],
    ['spec.local', { path: '/d' }, 'spec.nodeAffinity: Required value: Local volume requires node affinity'],
    ['spec.csi', { driver: 'd' }, 'spec.csi.volumeHandle: Required value'],
    ['spec.csi', { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { name: 'n' } }, 'spec.csi.nodePublishSecretRef.namespace: Required value'],
    ['spec.iscsi', { targetPortal: 't', iqn: 'x', lun: 0 }, 'spec.iscsi.iqn: Invalid value: "x": must be valid format'],
    ['spec.iscsi', { targetPortal: 't', iqn: 'iqn.2001-04.com.example:storage', lun: 0 }],
    ['spec.fc', { targetWWNs: ['w'] }, 'spec.fc.lun: Required value: lun is required if targetWWNs is specified'],
    ['spec.gcePersistentDisk', { pdName: '' }, 'spec.persistentDisk.pdName: Required value'],
    [
      'spec.awsElasticBlockStore',
      { volumeID: 'v', partition: 300 },
      'spec.awsElasticBlockStore.partition: Invalid value: 300: must be between 1 and 255, inclusive',
    ],
    ['spec.cinder', { volumeID: 'v', secretRef: { name: 's' } }, 'spec.cinder.secretRef.namespace: Required value'],
    [
      'spec.flexVolume',
      { driver: 'd', options: { 'a.k8s.io/b': 'c' } },
      'spec.flexVolume.options[a.k8s.io/b]: Invalid value: "a.k8s.io/b": kubernetes.io and k8s.io namespaces are reserved',
    ],
    [
      'spec.quobyte',
      { registry: 'host', volume: 'v' },
      'spec.quobyte.registry: Invalid value: "host": must be a host:port pair or multiple pairs separated by commas',
    ],
    ['spec.azureDisk', { diskName: 'd', diskURI: 'x', kind: 'Managed' }, 'spec.azureDisk.diskURI: Unsupported value: "x"…'],
    ['spec.rbd', { monitors: ['m'], image: '' }, 'spec.rbd.image: Required value'],
    ['spec.flocker', {}, 'spec.flocker: Required value: one of datasetName and datasetUUID is required'],
    ['spec.storageos', { volumeName: 'A' }, 'spec.storageos.volumeName: Invalid value: "A"…'],
  ]);
});

test('a PersistentVolume: what may be changed', () => {
  const disk = golden('v1 PersistentVolume');
  const change = (path: string, value: unknown) => updateErrors(disk, set(disk, path, value));
  assert.match(
    change('spec.csi.volumeHandle', 'other')[0] ?? '',
    /^spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n- csi/,
  );
  assert.match(
    change('spec.nodeAffinity.required.nodeSelectorTerms.0.matchExpressions.0.values', ['b'])[0] ?? '',
    /^nodeAffinity: Invalid value: .*field is immutable, except for/,
  );
  assert.deepEqual(change('spec.volumeAttributesClassName', undefined), [
    'spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden',
  ]);
  assert.deepEqual(change('spec.volumeMode', 'Block'), ['volumeMode: Invalid value: "Block": field is immutable']);
  assert.deepEqual(change('spec.persistentVolumeReclaimPolicy', 'Retain'), []);
  assert.deepEqual(change('spec.capacity', { storage: '20Gi' }), []);
});

test('a PersistentVolumeClaim: its rules', () => {
  checkRows(claim, [
    ['spec.accessModes', undefined, 'spec.accessModes: Required value: at least 1 access mode is required'],
    ['spec.resources', undefined, 'spec.resources[storage]: Required value'],
    ['spec.resources.requests.storage', '0', 'spec.resources[storage]: Invalid value: "0": must be greater than zero'],
    ['spec.dataSource', { kind: 'PersistentVolumeClaim', name: '' }, 'spec.dataSource.name: Required value'],
    [
      'spec.dataSourceRef',
      { kind: 'Backup', name: 'b' },
      `spec.dataSourceRef: Invalid value: "Backup": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
    ],
    ['spec.storageClassName', ''],
  ]);
  const cloned = prepareForCreate(resourceOf(claim), set(claim, 'spec.dataSource', { kind: 'PersistentVolumeClaim', name: 'o' })) as V1PersistentVolumeClaim;
  assert.deepEqual(cloned.spec?.dataSourceRef, { kind: 'PersistentVolumeClaim', name: 'o' });
  const filled = prepareForCreate(resourceOf(claim), set(claim, 'spec.dataSource', { apiGroup: 'a.b', kind: 'Backup', name: 'o' })) as V1PersistentVolumeClaim;
  assert.equal(filled.spec?.dataSource, undefined);
});

test('a PersistentVolumeClaim: what may be changed', () => {
  const bound = set(
    set(claim, 'status', { phase: 'Bound', capacity: { storage: '1Gi' }, currentVolumeAttributesClassName: 'gold' }),
    'spec.volumeAttributesClassName',
    'gold',
  );
  const change = (from: typeof bound, path: string, value: unknown) => updateErrors(from, set(from, path, value));
  assert.deepEqual(change(bound, 'spec.resources.requests.storage', '2Gi'), []);
  assert.deepEqual(change(bound, 'spec.resources.requests.storage', '1024Mi'), []);
  assert.deepEqual(change(bound, 'spec.resources.requests.storage', '500Mi'), [
    'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ]);
  assert.match(
    change(claim, 'spec.resources.requests.storage', '2Gi')[0] ?? '',
    /^spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n/,
  );
  assert.deepEqual(change(bound, 'spec.volumeAttributesClassName', 'silver'), []);
  assert.deepEqual(change(bound, 'spec.volumeAttributesClassName', undefined), [
    'spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when status.currentVolumeAttributesClassName is not nil',
  ]);
  assert.deepEqual(change(claim, 'spec.volumeName', 'disk'), []);
  assert.deepEqual(change(claim, 'spec.storageClassName', 'fast'), []);
  assert.match(
    change(set(claim, 'spec.storageClassName', 'slow'), 'spec.storageClassName', 'fast')[0] ?? '',
    /- storageClassName: "slow"\n\+ storageClassName: "fast"$/,
  );
  assert.deepEqual(statusErrors(claim, set(claim, 'status', { allocatedResourceStatuses: { storage: 'Soon' } })), [
    'status.allocatedResourceStatuses: Unsupported value: "storage": supported values: "ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending"',
  ]);
});

test('classes: what is fixed once made', () => {
  const fast = golden('storage.k8s.io/v1 StorageClass');
  checkRows(fast, [
    ['provisioner', '', 'provisioner: Required value'],
    ['reclaimPolicy', 'Recycle', 'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"'],
    ['volumeBindingMode', 'Late', 'volumeBindingMode: Unsupported value: "Late": supported values: "Immediate", "WaitForFirstConsumer"'],
    ['allowedTopologies.0.matchLabelExpressions.0.values', ['a', 'a'], 'allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"'],
  ]);
  assert.deepEqual(updateErrors(fast, set(fast, 'parameters', { type: 'hdd' })), ['parameters: Invalid value: {"type":"hdd"}: field is immutable']);
  assert.deepEqual(updateErrors(fast, set(fast, 'reclaimPolicy', 'Delete')), ['reclaimPolicy: Invalid value: "Delete": field is immutable']);
  assert.deepEqual(updateErrors(fast, set(fast, 'allowVolumeExpansion', false)), []);
  assert.deepEqual(cells('storage.k8s.io/v1 StorageClass')?.slice(0, 5), ['fast (default)', 'csi.example.com', 'Retain', 'WaitForFirstConsumer', true]);
  const gold = golden('storage.k8s.io/v1 VolumeAttributesClass');
  checkRows(gold, [['parameters', {}, 'parameters: Required value: must contain at least one key/value pair']]);
  assert.deepEqual(updateErrors(gold, set(gold, 'driverName', 'other.example.com')), ['driverName: Forbidden: updates to driverName are forbidden.']);
});

test('drivers, nodes, capacities and attachments', () => {
  const driver = golden('storage.k8s.io/v1 CSIDriver');
  checkRows(driver, [
    ['spec.fsGroupPolicy', 'Some', 'spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"'],
    [
      'spec.tokenRequests',
      [{ audience: 'a', expirationSeconds: 60 }],
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    ],
    ['spec.nodeAllocatableUpdatePeriodSeconds', 5, 'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 5: must be greater than or equal to 10 seconds'],
  ]);
  assert.deepEqual(updateErrors(driver, set(driver, 'spec.attachRequired', false)), ['spec.attachedRequired: Invalid value: false: field is immutable']);
  assert.equal(warningsOf(resourceOf(driver), set(driver, 'spec.serviceAccountTokenInSecrets', undefined)).length, 1);
  const node = golden('storage.k8s.io/v1 CSINode');
  checkRows(node, [['spec.drivers.0.nodeID', '', 'spec.drivers[0].nodeID: Required value']]);
  assert.match(updateErrors(node, set(node, 'spec.drivers.0.nodeID', 'other'))[0] ?? '', /^spec.drivers: Invalid value: .*: field is immutable$/);
  assert.deepEqual(updateErrors(node, set(node, 'spec.drivers.0.allocatable.count', 3)), []);
  const capacity = golden('storage.k8s.io/v1 CSIStorageCapacity');
  assert.deepEqual(updateErrors(capacity, set(capacity, 'storageClassName', 'slow')), ['storageClassName: Invalid value: "slow": field is immutable']);
  const attachment = golden('storage.k8s.io/v1 VolumeAttachment');
  checkRows(attachment, [
    ['spec.source', {}, 'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
    [
      'spec.source',
      { inlineVolumeSpec: { accessModes: ['ReadWriteOnce'] } },
      'spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes',
    ],
  ]);
  assert.match(updateErrors(attachment, set(attachment, 'spec.nodeName', 'n2'))[0] ?? '', /^spec: Invalid value: .*: field is immutable$/);
});

test('the cells of volumes and claims', () => {
  assert.deepEqual(cells('v1 PersistentVolume')?.slice(0, 9), ['disk', '10Gi', 'RWO,ROX', 'Delete', 'Bound', 'default/data', 'fast', 'gold', 'Fine']);
  assert.deepEqual(cells('v1 PersistentVolumeClaim')?.slice(0, 7), ['data', 'Bound', 'disk', '10Gi', 'RWO', 'fast', 'gold']);
});

test('a claim of a part of a byte is taken, and its writer told', () => {
  const claim = set(golden('v1 PersistentVolumeClaim'), 'spec.resources', { requests: { storage: '1500m' } });
  assert.deepEqual(createErrors(claim), []);
  assert.equal(warningsOf(resourceOf(claim), claim)[0], 'spec.resources.requests[storage]: fractional byte value "1500m" is invalid, must be an integer');
});
