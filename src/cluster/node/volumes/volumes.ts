import { chmod, lchown, lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { V1Container, V1Volume, V1VolumeMount } from '#cluster/api';
import { ContainerConfigError, VolumeError } from '../errors.ts';
import type { Sources } from '../process/environment.ts';
import { expand } from '../process/expand.ts';
import type { PodFacts } from '../process/fields.ts';
import type { RuntimeContainerSpec } from '../types.ts';
import { prepareHostPath } from './host-path.ts';
import { payloadOf } from './payload.ts';
import { writePayload } from './write-payload.ts';

export interface VolumeOptions {
  /** The Pod's own folder. */
  readonly podDir: string;
  readonly facts: PodFacts;
  readonly sources: Sources;
  /** A word that is new each time. */
  readonly fresh: () => string;
}

/** Makes the Pod's volumes ready; again and again gives the same, with what changed in the API since. Answers their paths by name. Errors: `FailedMount`. */
export async function setUpVolumes(options: VolumeOptions): Promise<ReadonlyMap<string, string>> {
  const volumes = options.facts.pod.spec?.volumes ?? [];
  const paths = await Promise.all(volumes.map(async (volume) => [volume.name, await setUp(volume, options)] as const));
  return new Map(paths);
}

async function setUp(volume: V1Volume, options: VolumeOptions): Promise<string> {
  const { name, hostPath, emptyDir } = volume;
  if (hostPath) return await prepareHostPath(name, hostPath.path, hostPath.type ?? '');
  const fsGroup = options.facts.pod.spec?.securityContext?.fsGroup;
  const folder = join(options.podDir, 'volumes', name);
  if (emptyDir) {
    if (emptyDir.medium) throw new VolumeError(name, `emptyDir medium "${emptyDir.medium}" is not supported: leave it out to use the node's disk`);
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await chmod(folder, 0o777);
    if (made !== undefined && fsGroup !== undefined) await giveToGroup(folder, fsGroup);
    return folder;
  }
  const payload = await payloadOf(volume, options.facts, options.sources);
  if (payload === undefined) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
    throw new VolumeError(name, `volumes of kind ${kind} are not supported: use emptyDir, hostPath, configMap, secret, downwardAPI or projected`);
  }
  const changed = await writePayload(folder, payload, options.fresh());
  if (changed && fsGroup !== undefined) await giveToGroup(folder, fsGroup);
  return folder;
}

/** `fsGroup`: the group owns everything, may read (and in an emptyDir write) it, and owns what is made in it. */
async function giveToGroup(path: string, group: number): Promise<void> {
  const found = await lstat(path);
  await lchown(path, found.uid, group);
  if (found.isSymbolicLink()) return;
  if (!found.isDirectory()) return await chmod(path, (found.mode & 0o777) | 0o440);
  await chmod(path, (found.mode & 0o777) | 0o2770);
  for (const name of await readdir(path)) await giveToGroup(join(path, name), group);
}

/** The mounts of one container. Errors: `CreateContainerConfigError`. */
export async function mountsOf(
  container: V1Container,
  volumes: readonly V1Volume[],
  paths: ReadonlyMap<string, string>,
  variables: ReadonlyMap<string, string>,
): Promise<RuntimeContainerSpec['mounts']> {
  return await Promise.all(
    (container.volumeMounts ?? []).map(async (mount) => {
      const path = paths.get(mount.name);
      const volume = volumes.find(({ name }) => name === mount.name);
      if (path === undefined || volume === undefined) throw new ContainerConfigError(`volumeMounts: there is no volume "${mount.name}" in the Pod`);
      const isMade = !volume.hostPath && !volume.emptyDir;
      return { source: await within(path, mount, variables, isMade), target: mount.mountPath, readOnly: mount.readOnly === true || isMade };
    }),
  );
}

/** `subPath` of a volume: a folder is made where nothing is; links that lead out of the volume are refused. */
async function within(path: string, mount: V1VolumeMount, variables: ReadonlyMap<string, string>, isMade: boolean): Promise<string> {
  const subPath = mount.subPathExpr ? expand(mount.subPathExpr, variables) : mount.subPath;
  if (!subPath) return path;
  if (subPath.startsWith('/') || subPath.split('/').includes('..')) throw new ContainerConfigError(`subPath "${subPath}" must be a relative path without ".."`);
  const root = await realpath(path);
  let here = root;
  for (const part of subPath.split('/').filter((word) => word !== '' && word !== '.')) {
    const next = join(here, part);
    if (!isMade) await mkdir(next).catch(ignoreThere);
    here = await realpath(next);
    if (here !== root && !here.startsWith(root + sep))
      throw new ContainerConfigError(`subPath "${subPath}" of volume "${mount.name}" leads out of it, to ${resolve(here)}`);
  }
  return here;
}

function ignoreThere(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}
