import type { V1Container, V1Volume, V1VolumeMount } from '#cluster/api';
import { ContainerConfigError, VolumeError } from '../errors.ts';
import type { Sources } from '../process/environment.ts';
import { expand } from '../process/expand.ts';
import type { PodFacts } from '../process/fields.ts';
import type { PodFiles, RuntimeContainerSpec } from '../types.ts';
import { payloadOf } from './payload.ts';

export interface VolumeOptions {
  readonly podUid: string;
  readonly files: PodFiles;
  readonly facts: PodFacts;
  readonly sources: Sources;
}

/** Makes the Pod's volumes ready; again and again gives the same, with what changed in the API since. Answers their paths by name. Errors: `FailedMount`. */
export async function setUpVolumes(options: VolumeOptions): Promise<ReadonlyMap<string, string>> {
  const volumes = options.facts.pod.spec?.volumes ?? [];
  const paths = await Promise.all(volumes.map(async (volume) => [volume.name, await setUp(volume, options)] as const));
  return new Map(paths);
}

async function setUp(volume: V1Volume, { podUid, files, facts, sources }: VolumeOptions): Promise<string> {
  const { name, hostPath, emptyDir } = volume;
  if (hostPath) return await files.prepareHostPath(name, hostPath.path, hostPath.type ?? '');
  const fsGroup = facts.pod.spec?.securityContext?.fsGroup;
  if (emptyDir) {
    if (emptyDir.medium) throw new VolumeError(name, `emptyDir medium "${emptyDir.medium}" is not supported: leave it out to use the node's disk`);
    return await files.makeEmptyDir(podUid, name, fsGroup);
  }
  const payload = await payloadOf(volume, facts, sources);
  if (payload === undefined) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
    throw new VolumeError(name, `volumes of kind ${kind} are not supported: use emptyDir, hostPath, configMap, secret, downwardAPI or projected`);
  }
  return await files.writePayload(podUid, name, payload, fsGroup);
}

export interface MountOptions {
  readonly files: PodFiles;
  readonly volumes: readonly V1Volume[];
  /** Of the volumes, by their names. */
  readonly paths: ReadonlyMap<string, string>;
  readonly variables: ReadonlyMap<string, string>;
}

/** The mounts of one container. Errors: `CreateContainerConfigError`. */
export async function mountsOf(container: V1Container, { files, volumes, paths, variables }: MountOptions): Promise<RuntimeContainerSpec['mounts']> {
  return await Promise.all(
    (container.volumeMounts ?? []).map(async (mount) => {
      const path = paths.get(mount.name);
      const volume = volumes.find(({ name }) => name === mount.name);
      if (path === undefined || volume === undefined) throw new ContainerConfigError(`volumeMounts: there is no volume "${mount.name}" in the Pod`);
      const isMade = !volume.hostPath && !volume.emptyDir;
      const subPath = subPathOf(mount, variables);
      const source = subPath === undefined ? path : await files.enter({ name: mount.name, path }, subPath, !isMade);
      return { source, target: mount.mountPath, readOnly: mount.readOnly === true || isMade };
    }),
  );
}

function subPathOf(mount: V1VolumeMount, variables: ReadonlyMap<string, string>): string | undefined {
  const subPath = mount.subPathExpr ? expand(mount.subPathExpr, variables) : mount.subPath;
  if (!subPath) return undefined;
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) throw new ContainerConfigError(`subPath "${subPath}" must be a relative path without ".."`);
  return subPath;
}
