import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Which of the clients that people use are on this machine. */
export interface Clients {
  readonly docker: boolean;
  readonly kubectl: boolean;
}

export async function findClients(path: string): Promise<Clients> {
  return { docker: await isThere('docker', path), kubectl: await isThere('kubectl', path) };
}

async function isThere(name: string, path: string): Promise<boolean> {
  const found = await Promise.allSettled(path.split(delimiter).map((folder) => access(join(folder, name), constants.X_OK)));
  return found.some(({ status }) => status === 'fulfilled');
}
