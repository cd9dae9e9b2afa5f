import type {
  V1FlexPersistentVolumeSource,
  V1HostPathVolumeSource,
  V1ISCSIPersistentVolumeSource,
  V1NFSVolumeSource,
  V1PersistentVolumeSpec,
  V1StorageOSPersistentVolumeSource,
} from '../../generated/types.ts';
import type { FieldErrors } from '../../validation/field-errors.ts';
import { checkAzureDisk, checkFibreChannel, checkPartition, checkQuobyte } from '../../validation/pod-spec/volume-sources.ts';
import { checkText, dnsLabel } from '../../validation/text-formats.ts';
import { checkDriverName, checkSecretReference } from './driver-name.ts';

type Spec = V1PersistentVolumeSpec;
type Check = (errors: FieldErrors, path: string, spec: Spec, name: string) => void;
type Field = keyof Spec;
const LUN = 'must be between 0 and 255, inclusive';
const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const ISCSI_NAMES = [/^iqn\.\d{4}-\d{2}\.[A-Za-z0-9.-]+:[^,;*&$|\s]+$/, /^eui.[A-Za-z0-9]{16}$/, /^naa.[A-Za-z0-9]{32}$/];

/** Texts and lists of a source that must not be empty. */
function required(errors: FieldErrors, path: string, source: object | undefined, fields: readonly string[]): void {
  for (const field of fields) {
    const value: unknown = source === undefined ? undefined : Reflect.get(source, field);
    if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) errors.required(`${path}.${field}`);
  }
}

function secret(errors: FieldErrors, path: string, reference: { name?: string; namespace?: string } | undefined, namespaced: boolean): void {
  if (reference !== undefined) required(errors, `${path}.secretRef`, reference, namespaced ? ['name', 'namespace'] : ['name']);
}

export function checkNoBacksteps(errors: FieldErrors, field: string, path: string): void {
  if (path.split('/').includes('..')) errors.invalid(field, path, "must not contain '..'");
}

function checkHostPath(errors: FieldErrors, path: string, { path: place, type }: V1HostPathVolumeSource): void {
  if (!place) return errors.required(`${path}.path`);
  checkNoBacksteps(errors, `${path}.path`, place);
  if (type !== undefined && !HOST_PATH_TYPES.includes(type)) errors.notSupported(`${path}.type`, type, HOST_PATH_TYPES);
}

function checkNfs(errors: FieldErrors, path: string, source: V1NFSVolumeSource): void {
  required(errors, path, source, ['server', 'path']);
  if (!source.path?.startsWith('/')) errors.invalid(`${path}.path`, source.path ?? '', 'must be an absolute path');
}

const isIscsiName = (name: string): boolean => ISCSI_NAMES.some((pattern) => pattern.test(name));

function checkIscsi(errors: FieldErrors, path: string, source: V1ISCSIPersistentVolumeSource, name: string): void {
  const { targetPortal = '', iqn = '', lun = 0, initiatorName, secretRef } = source;
  required(errors, path, source, ['targetPortal']);
  if (initiatorName !== undefined && Buffer.byteLength(`${name}:${targetPortal}`) > 64)
    errors.invalid(
      `${path}.targetportal`,
      targetPortal,
      'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
    );
  if (iqn === '') errors.required(`${path}.iqn`);
  else if (!isIscsiName(iqn)) errors.invalid(`${path}.iqn`, iqn, 'must be valid format');
  if (lun < 0 || lun > 255) errors.invalid(`${path}.lun`, lun, LUN);
  if ((source.chapAuthDiscovery || source.chapAuthSession) && secretRef === undefined) errors.required(`${path}.secretRef`);
  secret(errors, path, secretRef, false);
  if (initiatorName !== undefined && !isIscsiName(initiatorName)) errors.invalid(`${path}.initiatorname`, initiatorName, 'must be valid format');
}

function checkFlex(errors: FieldErrors, path: string, source: V1FlexPersistentVolumeSource): void {
  required(errors, path, source, ['driver']);
  for (const key of Object.keys(source.options ?? {}))
    if (/(^|\.)(kubernetes|k8s)\.io$/.test((key.split('/')[0] ?? '').toLowerCase()))
      errors.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
}

function checkStorageOs(errors: FieldErrors, path: string, { volumeName, volumeNamespace, secretRef }: V1StorageOSPersistentVolumeSource): void {
  if (!volumeName) errors.required(`${path}.volumeName`);
  else checkText(errors, `${path}.volumeName`, volumeName, dnsLabel);
  if (volumeNamespace) checkText(errors, `${path}.volumeNamespace`, volumeNamespace, dnsLabel);
  secret(errors, path, secretRef, true);
}

const present =
  <K extends Field>(field: K, check: (errors: FieldErrors, path: string, source: NonNullable<Spec[K]>, name: string) => void): Check =>
  (errors, path, spec, name) => {
    const source = spec[field];
    if (source !== undefined) check(errors, path, source, name);
  };
const filled = <K extends Field>(field: K, ...fields: readonly (keyof NonNullable<Spec[K]> & string)[]): Check =>
  present(field, (errors, path, source) => {
    // Every source is an object.
    required(errors, path, source as object, fields);
  });

/** In Kubernetes' order; the second is what its errors call the source. */
const SOURCES: readonly (readonly [Field, string, Check])[] = [
  ['hostPath', 'hostPath', present('hostPath', checkHostPath)],
  [
    'gcePersistentDisk',
    'persistentDisk',
    present('gcePersistentDisk', (errors, path, source) => {
      required(errors, path, source, ['pdName']);
      checkPartition(errors, path, source.partition);
    }),
  ],
  [
    'awsElasticBlockStore',
    'awsElasticBlockStore',
    present('awsElasticBlockStore', (errors, path, source) => {
      required(errors, path, source, ['volumeID']);
      checkPartition(errors, path, source.partition);
    }),
  ],
  ['glusterfs', 'glusterfs', filled('glusterfs', 'endpoints', 'path')],
  [
    'flocker',
    'flocker',
    present('flocker', (errors, path, { datasetName, datasetUUID }) => {
      if (!datasetName && !datasetUUID) errors.required(path, 'one of datasetName and datasetUUID is required');
      if (datasetName && datasetUUID) errors.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
      if (datasetName?.includes('/')) errors.invalid(`${path}.datasetName`, datasetName, "must not contain '/'");
    }),
  ],
  ['nfs', 'nfs', present('nfs', checkNfs)],
  ['rbd', 'rbd', filled('rbd', 'monitors', 'image')],
  ['quobyte', 'quobyte', present('quobyte', checkQuobyte)],
  ['cephfs', 'cephfs', filled('cephfs', 'monitors')],
  ['iscsi', 'iscsi', present('iscsi', checkIscsi)],
  [
    'cinder',
    'cinder',
    present('cinder', (errors, path, source) => {
      required(errors, path, source, ['volumeID']);
      secret(errors, path, source.secretRef, true);
    }),
  ],
  ['fc', 'fc', present('fc', checkFibreChannel)],
  ['flexVolume', 'flexVolume', present('flexVolume', checkFlex)],
  [
    'azureFile',
    'azureFile',
    present('azureFile', (errors, path, source) => {
      required(errors, path, source, ['secretName', 'shareName', ...(source.secretNamespace === undefined ? [] : ['secretNamespace'])]);
    }),
  ],
  ['vsphereVolume', 'vsphereVolume', filled('vsphereVolume', 'volumePath')],
  ['photonPersistentDisk', 'photonPersistentDisk', filled('photonPersistentDisk', 'pdID')],
  ['portworxVolume', 'portworxVolume', filled('portworxVolume', 'volumeID')],
  ['azureDisk', 'azureDisk', present('azureDisk', checkAzureDisk)],
  ['scaleIO', 'scaleIO', filled('scaleIO', 'gateway', 'system', 'volumeName')],
  [
    'local',
    'local',
    present('local', (errors, path, { path: place }) => {
      if (!place) errors.required(`${path}.path`);
      else checkNoBacksteps(errors, `${path}.path`, place);
    }),
  ],
  ['storageos', 'storageos', present('storageos', checkStorageOs)],
  [
    'csi',
    'csi',
    present('csi', (errors, path, source) => {
      checkDriverName(errors, `${path}.driver`, source.driver);
      required(errors, path, source, ['volumeHandle']);
      for (const field of ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const)
        checkSecretReference(errors, `${path}.${field}`, source[field]);
    }),
  ],
];

/** The part of a volume's spec that says where it lies. */
export const SOURCE_FIELDS: readonly Field[] = SOURCES.map(([field]) => field);

/** Exactly one source, and its own rules. */
export function checkVolumeSource(errors: FieldErrors, path: string, spec: Spec, name: string): void {
  let count = 0;
  for (const [field, called, check] of SOURCES) {
    if (spec[field] === undefined) continue;
    if (count > 0 && field !== 'flexVolume') errors.forbidden(`${path}.${field === 'cephfs' ? 'cephFS' : field}`, 'may not specify more than 1 volume type');
    else check(errors, `${path}.${called}`, spec, name);
    count += 1;
    if (field === 'local' && count === 1 && spec.nodeAffinity === undefined) errors.required(`${path}.nodeAffinity`, 'Local volume requires node affinity');
  }
  if (count === 0) errors.required(path, 'must specify a volume type');
}
