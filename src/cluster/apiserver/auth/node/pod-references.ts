import type { V1Container, V1Pod } from '#cluster/api';

/** What of its namespace a Pod's node has to read for it. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configmaps: ReadonlySet<string>;
  readonly persistentvolumeclaims: ReadonlySet<string>;
}

const known = new WeakMap<V1Pod, PodReferences>();
/** Pods of one maker name the same: it is held once. What no Pod names any more is bounded. */
const byContent = new Map<string, PodReferences>();
const CONTENTS_MAX = 1024;

/** Every Secret, ConfigMap and claim that the Pod names. Pure; remembered for each state of a Pod. */
export function referencesOf(pod: V1Pod): PodReferences {
  const before = known.get(pod);
  if (before !== undefined) return before;
  const fresh = collect(pod);
  const content = JSON.stringify(Object.values(fresh).map((names: ReadonlySet<string>) => [...names]));
  const found = byContent.get(content) ?? fresh;
  if (byContent.size >= CONTENTS_MAX) byContent.clear();
  byContent.set(content, found);
  known.set(pod, found);
  return found;
}

function collect({ spec }: V1Pod): PodReferences {
  const secrets = new Set<string | undefined>(spec?.imagePullSecrets?.map(({ name }) => name));
  const configmaps = new Set<string | undefined>();
  const claims = new Set<string | undefined>();
  for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])]) ofContainer(container, secrets, configmaps);
  for (const volume of spec?.volumes ?? []) {
    secrets.add(volume.secret?.secretName);
    configmaps.add(volume.configMap?.name);
    claims.add(volume.persistentVolumeClaim?.claimName);
    secrets.add(volume.csi?.nodePublishSecretRef?.name);
    for (const { secret, configMap } of volume.projected?.sources ?? []) {
      secrets.add(secret?.name);
      configmaps.add(configMap?.name);
    }
  }
  return { secrets: named(secrets), configmaps: named(configmaps), persistentvolumeclaims: named(claims) };
}

function ofContainer(container: V1Container, secrets: Set<string | undefined>, configmaps: Set<string | undefined>): void {
  for (const { secretRef, configMapRef } of container.envFrom ?? []) {
    secrets.add(secretRef?.name);
    configmaps.add(configMapRef?.name);
  }
  for (const { valueFrom } of container.env ?? []) {
    secrets.add(valueFrom?.secretKeyRef?.name);
    configmaps.add(valueFrom?.configMapKeyRef?.name);
  }
}

function named(names: ReadonlySet<string | undefined>): ReadonlySet<string> {
  return new Set([...names].filter((name) => name !== undefined));
}
