import type { V1Pod } from '#cluster/api';
import type { Missing } from './pod-findings.ts';

/** What a Pod can't begin without: each thing that its volumes and its containers' environments name, with who names it. Pure. */
export function referencesOf({ spec }: V1Pod): readonly Missing[] {
  return [...(spec?.volumes ?? []).flatMap(ofVolume), ...[...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].flatMap(ofContainer)];
}

type Volume = NonNullable<NonNullable<V1Pod['spec']>['volumes']>[number];
type Container = NonNullable<V1Pod['spec']>['containers'][number];
interface Reference {
  readonly name?: string;
  readonly optional?: boolean;
}

function ofVolume(volume: Volume): readonly Missing[] {
  const by = `volume ${volume.name}`;
  const claim = volume.persistentVolumeClaim?.claimName;
  const projected = volume.projected?.sources ?? [];
  const secret = volume.secret && { name: volume.secret.secretName ?? '', optional: volume.secret.optional ?? false };
  return [
    ...(claim ? [{ kind: 'PersistentVolumeClaim', name: claim, by } as const] : []),
    ...[volume.configMap, ...projected.map(({ configMap }) => configMap)].flatMap((one) => needed('ConfigMap', one, by)),
    ...[secret, ...projected.map((source) => source.secret)].flatMap((one) => needed('Secret', one, by)),
  ];
}

function ofContainer({ name, env = [], envFrom = [] }: Container): readonly Missing[] {
  const by = `container ${name}`;
  return [
    ...[...envFrom.map(({ configMapRef }) => configMapRef), ...env.map(({ valueFrom }) => valueFrom?.configMapKeyRef)].flatMap((one) =>
      needed('ConfigMap', one, by),
    ),
    ...[...envFrom.map(({ secretRef }) => secretRef), ...env.map(({ valueFrom }) => valueFrom?.secretKeyRef)].flatMap((one) => needed('Secret', one, by)),
  ];
}

function needed(kind: Missing['kind'], reference: Reference | undefined, by: string): readonly Missing[] {
  return reference?.name && reference.optional !== true ? [{ kind, name: reference.name, by }] : [];
}
