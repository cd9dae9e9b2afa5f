import type { V1KeyToPath, V1PodSpec, V1Volume, V1VolumeProjection } from '../../../generated/types.ts';
import { fractionWarnings } from './amounts.ts';

/** Volumes whose drivers are gone, in Kubernetes' words. */
const GONE = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
} as const satisfies Partial<Record<keyof V1Volume, string>>;
type Gone = keyof typeof GONE;
const KINDS = Object.keys(GONE) as readonly Gone[];
/** Where the field of the warning is not spelled as that of the object is. */
const SPELLED: Partial<Record<Gone, string>> = { storageos: 'storageOS' };

export function volumeWarnings(path: string, { volumes = [] }: V1PodSpec): string[] {
  const gone = volumes.flatMap((volume, index) => {
    const here = `${path}.volumes[${index}]`;
    const kinds = KINDS.filter((kind) => volume[kind] !== undefined);
    const { resources } = volume.ephemeral?.volumeClaimTemplate?.spec ?? {};
    return [
      ...kinds.map((kind) => `${here}.${SPELLED[kind] ?? kind}: ${GONE[kind]}`),
      ...fractionWarnings(`${here}.ephemeral.volumeClaimTemplate.spec.resources`, resources, ['storage']),
    ];
  });
  return [...gone, ...volumes.flatMap(overlaps)];
}

/** A path of a file in a volume, and what it comes from. */
interface Source {
  readonly path: string;
  readonly from: string;
}
const text = ({ path, from }: Source) => (from === '' ? JSON.stringify(path) : `${JSON.stringify(path)} (${from})`);

/** Files of one volume of which one would take the place of the other, or of its folder. */
function overlaps({ name, configMap, secret, downwardAPI, projected }: V1Volume): readonly string[] {
  const told = (what: string, sources: readonly Source[]) =>
    collisions(sources).map((pair) => `volume ${JSON.stringify(name)} (${what}): overlapping paths: ${pair}`);
  if (configMap?.items) return told(`ConfigMap ${JSON.stringify(configMap.name ?? '')}`, pathsOf(configMap.items));
  if (secret?.items) return told(`Secret ${JSON.stringify(secret.secretName ?? '')}`, pathsOf(secret.items));
  if (downwardAPI?.items) return told('DownwardAPI', pathsOf(downwardAPI.items));
  if (projected?.sources === undefined) return NONE;
  const empty = projected.sources.filter((source) => Object.keys(source).length === 0);
  return [
    ...empty.map(() => `volume ${JSON.stringify(name)} (Projected) has no sources provided`),
    ...told('Projected', projected.sources.flatMap(projectedPaths)),
  ];
}
const NONE: readonly string[] = [];

const pathsOf = (items: readonly Pick<V1KeyToPath, 'path'>[] = [], from = ''): readonly Source[] => items.map(({ path = '' }) => ({ path, from }));

function projectedPaths({ configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate }: V1VolumeProjection): readonly Source[] {
  if (configMap?.items) return pathsOf(configMap.items, `ConfigMap ${JSON.stringify(configMap.name ?? '')}`);
  if (secret?.items) return pathsOf(secret.items, `Secret ${JSON.stringify(secret.name ?? '')}`);
  if (downwardAPI?.items) return pathsOf(downwardAPI.items, 'DownwardAPI');
  if (serviceAccountToken) return pathsOf([serviceAccountToken], 'ServiceAccountToken');
  if (clusterTrustBundle)
    return pathsOf([clusterTrustBundle], `ClusterTrustBundle ${JSON.stringify(clusterTrustBundle.name ?? clusterTrustBundle.signerName ?? '')}`);
  const { certificateChainPath: chain, keyPath: key, credentialBundlePath: bundle } = podCertificate ?? {};
  return [
    ...(chain ? pathsOf([{ path: chain }], 'PodCertificate chain') : []),
    ...(key ? pathsOf([{ path: key }], 'PodCertificate key') : []),
    ...(bundle ? pathsOf([{ path: bundle }], 'PodCertificate credential bundle') : []),
  ];
}

function collisions(sources: readonly Source[]): string[] {
  const trimmed = sources.map(({ path, from }) => ({ path: path.replace(/\/+$/, ''), from }));
  return trimmed.flatMap((one, index) =>
    trimmed
      .slice(0, index)
      .filter((other) => one.path !== '' && other.path !== '' && (`${one.path}/`.startsWith(`${other.path}/`) || `${other.path}/`.startsWith(`${one.path}/`)))
      .map((other) => `${text(one)} with ${text(other)}`),
  );
}
