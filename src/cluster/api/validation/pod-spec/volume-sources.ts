import { isIPv6 } from 'node:net';
import type { V1AzureDiskVolumeSource, V1FCVolumeSource, V1ISCSIVolumeSource, V1QuobyteVolumeSource, V1Volume } from '../../generated/types.ts';
import { checkChoice } from '../choices.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkLabelName, checkSubdomain } from '../names.ts';
import { checkInRange } from '../numbers.ts';
import { requireTexts } from './formats.ts';

type Rule = (errors: FieldErrors, path: string, volume: V1Volume) => void;

const DRIVER_BYTES_MAX = 63;
const IQN: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9\-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
};
const DISK_FORMS = {
  Managed: '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
  blob: 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd',
} as const;

/** The rules of storage that lies elsewhere than on the node and in the API. */
export const NETWORK_SOURCES = {
  gcePersistentDisk: (errors, path, { gcePersistentDisk: disk = { pdName: '' } }) => {
    // So the field is called in the words of Kubernetes.
    const here = path.replace(/gcePersistentDisk$/, 'persistentDisk');
    requireTexts(errors, here, disk, ['pdName']);
    checkPartition(errors, here, disk.partition);
  },
  awsElasticBlockStore: (errors, path, { awsElasticBlockStore: disk = { volumeID: '' } }) => {
    requireTexts(errors, path, disk, ['volumeID']);
    checkPartition(errors, path, disk.partition);
  },
  nfs: (errors, path, { nfs = { server: '', path: '' } }) => {
    requireTexts(errors, path, nfs, ['server', 'path']);
    if (!nfs.path?.startsWith('/')) errors.invalid(`${path}.path`, nfs.path ?? '', 'must be an absolute path');
  },
  iscsi: (errors, path, { iscsi }) => iscsi && checkIscsi(errors, path, iscsi),
  glusterfs: (errors, path, { glusterfs }) => glusterfs && requireTexts(errors, path, glusterfs, ['endpoints', 'path']),
  flocker: (errors, path, { flocker: { datasetName = '', datasetUUID = '' } = {} }) => {
    if (datasetName === '' && datasetUUID === '') errors.required(path, 'one of datasetName and datasetUUID is required');
    if (datasetName !== '' && datasetUUID !== '') errors.invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously');
    if (datasetName.includes('/')) errors.invalid(`${path}.datasetName`, datasetName, "must not contain '/'");
  },
  rbd: (errors, path, { rbd }) => {
    if (!rbd?.monitors?.length) errors.required(`${path}.monitors`);
    if (!rbd?.image) errors.required(`${path}.image`);
  },
  cinder: (errors, path, { cinder }) => {
    if (!cinder?.volumeID) errors.required(`${path}.volumeID`);
    checkSecretRef(errors, path, cinder?.secretRef);
  },
  cephfs: (errors, path, { cephfs }) => {
    if (!cephfs?.monitors?.length) errors.required(`${path}.monitors`);
  },
  quobyte: (errors, path, { quobyte }) => quobyte && checkQuobyte(errors, path, quobyte),
  fc: (errors, path, { fc }) => fc && checkFibreChannel(errors, path, fc),
  flexVolume: (errors, path, { flexVolume }) => {
    if (!flexVolume?.driver) errors.required(`${path}.driver`);
    for (const key of Object.keys(flexVolume?.options ?? {}))
      if (/\.(?:kubernetes|k8s)\.io$/i.test(`.${key.split('/')[0]}`))
        errors.invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved');
  },
  azureFile: (errors, path, { azureFile }) => azureFile && requireTexts(errors, path, azureFile, ['secretName', 'shareName']),
  vsphereVolume: (errors, path, { vsphereVolume }) => vsphereVolume && requireTexts(errors, path, vsphereVolume, ['volumePath']),
  photonPersistentDisk: (errors, path, { photonPersistentDisk }) => photonPersistentDisk && requireTexts(errors, path, photonPersistentDisk, ['pdID']),
  portworxVolume: (errors, path, { portworxVolume }) => portworxVolume && requireTexts(errors, path, portworxVolume, ['volumeID']),
  azureDisk: (errors, path, { azureDisk }) => azureDisk && checkAzureDisk(errors, path, azureDisk),
  storageos: (errors, path, { storageos: { volumeName, volumeNamespace, secretRef } = {} }) => {
    if (!volumeName) errors.required(`${path}.volumeName`);
    else checkLabelName(errors, `${path}.volumeName`, volumeName);
    if (volumeNamespace) checkLabelName(errors, `${path}.volumeNamespace`, volumeNamespace);
    checkSecretRef(errors, path, secretRef);
  },
  scaleIO: (errors, path, { scaleIO }) => scaleIO && requireTexts(errors, path, scaleIO, ['gateway', 'system', 'volumeName']),
  csi: (errors, path, { csi }) => {
    const { driver = '', nodePublishSecretRef: ref } = csi ?? {};
    if (driver === '') errors.required(`${path}.driver`);
    else {
      if (Buffer.byteLength(driver) > DRIVER_BYTES_MAX) errors.tooLong(`${path}.driver`, DRIVER_BYTES_MAX);
      checkSubdomain(errors, `${path}.driver`, driver.toLowerCase());
    }
    if (ref !== undefined && !ref.name) errors.required(`${path}.nodePublishSecretRef.name`);
    else if (ref?.name) checkSubdomain(errors, `${path}.name`, ref.name);
  },
} as const satisfies Partial<Record<keyof V1Volume, Rule>>;

export function checkPartition(errors: FieldErrors, path: string, partition = 0): void {
  // Zero is none.
  if (partition < 0 || partition > 255) errors.invalid(`${path}.partition`, partition, 'must be between 1 and 255, inclusive');
}

function checkSecretRef(errors: FieldErrors, path: string, ref: { readonly name?: string } | undefined): void {
  if (ref !== undefined && !ref.name) errors.required(`${path}.secretRef.name`);
}

function checkIscsi(errors: FieldErrors, path: string, iscsi: V1ISCSIVolumeSource): void {
  requireTexts(errors, path, iscsi, ['targetPortal', 'iqn']);
  if (iscsi.iqn) checkIscsiName(errors, `${path}.iqn`, iscsi.iqn);
  checkInRange(errors, `${path}.lun`, iscsi.lun, 0, 255);
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && iscsi.secretRef === undefined) errors.required(`${path}.secretRef`);
  if (iscsi.initiatorName !== undefined) checkIscsiName(errors, `${path}.initiatorname`, iscsi.initiatorName);
}

function checkIscsiName(errors: FieldErrors, field: string, name: string): void {
  const format = IQN[name.slice(0, 3)];
  if (format === undefined) errors.invalid(field, name, 'must be valid format starting with iqn, eui, or naa');
  else if (!format.test(name)) errors.invalid(field, name, 'must be valid format');
}

export function checkQuobyte(errors: FieldErrors, path: string, { registry, tenant = '', volume }: V1QuobyteVolumeSource): void {
  const why = 'must be a host:port pair or multiple pairs separated by commas';
  if (!registry) errors.required(`${path}.registry`, why);
  else if (Buffer.byteLength(tenant) >= 65) errors.required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters');
  else for (const pair of registry.split(',')) if (!isHostPort(pair)) errors.invalid(`${path}.registry`, registry, why);
  if (!volume) errors.required(`${path}.volume`);
}

function isHostPort(pair: string): boolean {
  const bracketed = /^\[(.*)\]:[^:]*$/.exec(pair);
  return bracketed === null ? /^[^:[\]]*:[^:]*$/.test(pair) : isIPv6(bracketed[1] ?? '') || !(bracketed[1] ?? '').includes(']');
}

export function checkFibreChannel(errors: FieldErrors, path: string, { targetWWNs = [], wwids = [], lun }: V1FCVolumeSource): void {
  const field = `${path}.targetWWNs`;
  if (targetWWNs.length === 0 && wwids.length === 0) errors.required(field, 'must specify either targetWWNs or wwids, but not both');
  if (targetWWNs.length > 0 && wwids.length > 0) errors.invalid(field, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously');
  if (targetWWNs.length === 0) return;
  if (lun === undefined) errors.required(`${path}.lun`, 'lun is required if targetWWNs is specified');
  else checkInRange(errors, `${path}.lun`, lun, 0, 255);
}

export function checkAzureDisk(errors: FieldErrors, path: string, disk: V1AzureDiskVolumeSource): void {
  requireTexts(errors, path, disk, ['diskName', 'diskURI']);
  const { cachingMode, kind, diskURI = '' } = disk;
  checkChoice(errors, `${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite'], false);
  checkChoice(errors, `${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared'], false);
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/')) errors.notSupported(`${path}.diskURI`, diskURI, [DISK_FORMS.Managed]);
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://')) errors.notSupported(`${path}.diskURI`, diskURI, [DISK_FORMS.blob]);
}
