import type { V1PodSpec, V1Volume } from '../../generated/types.ts';
import { isQuantity, parseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../field-errors.ts';
import { checkLabelName } from '../names.ts';
import { checkText, dnsSubdomain } from '../text-formats.ts';
import { checkClaimSpec } from '../claim-spec.ts';
import type { SpecPlace } from './context.ts';
import { checkDescending, checkFileMode, checkNoBacksteps, requireTexts } from './formats.ts';
import { checkDownwardFile, checkKeyPaths, checkProjected } from './projected.ts';
import { checkTemplateMeta } from './template-meta.ts';
import { NETWORK_SOURCES } from './volume-sources.ts';

type Source = Exclude<keyof V1Volume, 'name'>;
type Rule = (errors: FieldErrors, path: string, volume: V1Volume, place: SpecPlace) => void;

const HOST_PATH_TYPES = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PORTAL_BYTES_MAX = 64;

/** The rules of each kind of volume. */
const SOURCES: Readonly<Record<Source, Rule>> = {
  emptyDir: (errors, path, { emptyDir }) => {
    const limit = emptyDir?.sizeLimit;
    if (limit !== undefined && isQuantity(limit) && parseQuantity(limit) < 0n)
      errors.forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity');
  },
  hostPath: (errors, path, { hostPath }) => {
    if (!hostPath?.path) return errors.required(`${path}.path`);
    checkNoBacksteps(errors, `${path}.path`, hostPath.path);
    if (!HOST_PATH_TYPES.includes(hostPath.type ?? '')) errors.notSupported(`${path}.type`, hostPath.type, HOST_PATH_TYPES);
  },
  gitRepo: (errors, path, { gitRepo = { repository: '' } }) => {
    requireTexts(errors, path, gitRepo, ['repository']);
    checkDescending(errors, `${path}.directory`, gitRepo.directory ?? '');
  },
  secret: (errors, path, { secret = {} }) => {
    requireTexts(errors, path, secret, ['secretName']);
    checkFileMode(errors, `${path}.defaultMode`, secret.defaultMode);
    checkKeyPaths(errors, `${path}.items`, secret.items);
  },
  persistentVolumeClaim: (errors, path, { persistentVolumeClaim = { claimName: '' } }) => requireTexts(errors, path, persistentVolumeClaim, ['claimName']),
  downwardAPI: (errors, path, { downwardAPI = {} }) => {
    checkFileMode(errors, `${path}.defaultMode`, downwardAPI.defaultMode);
    for (const file of downwardAPI.items ?? []) checkDownwardFile(errors, path, file);
  },
  configMap: (errors, path, { configMap = {} }) => {
    requireTexts(errors, path, configMap, ['name']);
    checkFileMode(errors, `${path}.defaultMode`, configMap.defaultMode);
    checkKeyPaths(errors, `${path}.items`, configMap.items);
  },
  projected: (errors, path, { projected = {} }) => {
    checkFileMode(errors, `${path}.defaultMode`, projected.defaultMode);
    checkProjected(errors, path, projected);
  },
  ephemeral: (errors, path, { ephemeral }) => {
    const template = ephemeral?.volumeClaimTemplate;
    if (template === undefined) return errors.required(`${path}.volumeClaimTemplate`);
    checkTemplateMeta(errors, `${path}.volumeClaimTemplate.metadata`, template.metadata);
    checkClaimSpec(errors, `${path}.volumeClaimTemplate.spec`, template.spec ?? {});
  },
  image: (errors, path, { image = {} }, { isPod }) => {
    if (isPod) requireTexts(errors, path, image, ['reference']);
    if (image.pullPolicy && !PULL_POLICIES.includes(image.pullPolicy)) errors.notSupported(`${path}.pullPolicy`, image.pullPolicy, PULL_POLICIES);
  },
  ...NETWORK_SOURCES,
};
/** The first of several is the one that counts. */
const ORDER: readonly Source[] = [
  ...(['emptyDir', 'hostPath', 'gitRepo', 'gcePersistentDisk', 'awsElasticBlockStore', 'secret', 'nfs', 'iscsi', 'glusterfs', 'flocker'] as const),
  ...(['persistentVolumeClaim', 'rbd', 'cinder', 'cephfs', 'quobyte', 'downwardAPI', 'fc', 'flexVolume', 'configMap', 'azureFile', 'vsphereVolume'] as const),
  ...(['photonPersistentDisk', 'portworxVolume', 'azureDisk', 'storageos', 'projected', 'scaleIO', 'csi', 'ephemeral', 'image'] as const),
];
/** Kubernetes calls these otherwise in paths: the first of several, and those that are too many. */
const FIRST_NAMES: { readonly [S in Source]?: string } = { gcePersistentDisk: 'persistentDisk' };
const OTHER_NAMES: { readonly [S in Source]?: string } = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' };

/** A Pod's volumes. Answers those that are in order, by name: only they can be mounted. */
export function checkVolumes(errors: FieldErrors, path: string, { volumes = [] }: V1PodSpec, place: SpecPlace): ReadonlyMap<string, V1Volume> {
  const fine = new Map<string, V1Volume>();
  const pod = place.metadata?.name;
  const made = new Set(pod ? volumes.filter(({ ephemeral }) => ephemeral !== undefined).map(({ name }) => `${pod}-${name}`) : []);
  for (const [index, volume] of volumes.entries()) {
    const here = `${path}[${index}]`;
    const before = errors.causes.length;
    checkSource(errors, here, volume, place);
    if (!volume.name) errors.required(`${here}.name`);
    else checkLabelName(errors, `${here}.name`, volume.name);
    if (fine.has(volume.name)) errors.duplicate(`${here}.name`, volume.name);
    if (errors.causes.length === before) fine.set(volume.name, volume);
    const claim = volume.persistentVolumeClaim?.claimName;
    if (claim !== undefined && made.has(claim))
      errors.invalid(`${here}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume');
  }
  return fine;
}

function checkSource(errors: FieldErrors, path: string, volume: V1Volume, place: SpecPlace): void {
  const [kind, ...more] = ORDER.filter((source) => volume[source] !== undefined);
  if (kind === undefined) return errors.required(path, 'must specify a volume type');
  SOURCES[kind](errors, `${path}.${FIRST_NAMES[kind] ?? kind}`, volume, place);
  for (const other of more) errors.forbidden(`${path}.${OTHER_NAMES[other] ?? other}`, 'may not specify more than 1 volume type');
  const { name, iscsi, ephemeral } = volume;
  if (iscsi?.initiatorName !== undefined && Buffer.byteLength(`${name}:${iscsi.targetPortal}`) > PORTAL_BYTES_MAX)
    errors.invalid(`${path}.name`, name, 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.');
  const pod = place.metadata?.name;
  if (ephemeral === undefined || !pod || !name) return;
  for (const why of dnsSubdomain(`${pod}-${name}`)) checkText(errors, `${path}.name`, name, () => [`PVC name "${pod}-${name}": ${why}`]);
}
