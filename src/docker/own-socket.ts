import { access } from 'node:fs/promises';
import type { ContainerSpec, MountSpec } from '#engine';
import { isSystemError } from '#kit';

/** Where tools that talk to "the engine I run in" look for it. */
const USUAL_PLACES = ['/var/run/docker.sock', '/run/docker.sock'];

/**
 * Containers that manage containers bind the engine's socket by its usual place. Where nothing stands there on this machine, this
 * engine's own socket is meant; a socket of somebody else's that does stand there is bound as asked.
 */
export async function withOwnSocket(spec: ContainerSpec, socketPath: string | undefined): Promise<ContainerSpec> {
  if (socketPath === undefined || !(spec.mounts ?? []).some(isUsual)) return spec;
  const mounts = await Promise.all(
    (spec.mounts ?? []).map(async (mount) => (isUsual(mount) && !(await exists(mount.source)) ? { ...mount, source: socketPath } : mount)),
  );
  return { ...spec, mounts };
}

function isUsual(mount: MountSpec): mount is MountSpec & { readonly type: 'bind' } {
  return mount.type === 'bind' && USUAL_PLACES.includes(mount.source);
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}
