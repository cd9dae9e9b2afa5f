import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '#kit';
import { stateTooNew } from './errors.ts';
import type { BridgeSpec, Cidr, PublishedPort, ServiceRule } from './types.ts';

/** A kernel setting that was changed, and what it was before. */
export interface ChangedSysctl {
  readonly name: string;
  readonly before: string;
}

/** What this daemon wants of the network: enough to repair it after a crash and to take it off the machine. */
export interface Model {
  readonly bridges: readonly BridgeSpec[];
  readonly published: readonly PublishedPort[];
  readonly services: readonly ServiceRule[];
  readonly sysctls: readonly ChangedSysctl[];
  /** Addresses of Services, where they have a route and a refusal of their own. */
  readonly serviceCidr?: Cidr;
  /** Without br_netfilter the answers of a neighbour on the same bridge would pass by unseen: they are sent to the host. */
  readonly masqueradeSameBridge: boolean;
}

export const EMPTY_MODEL: Model = { bridges: [], published: [], services: [], sysctls: [], masqueradeSameBridge: false };

const VERSION = 1;

export function modelPath(runDir: string): string {
  return join(runDir, 'network.json');
}

/** The remembered model; undefined when there is none or the machine was started again since. Errors: `STATE_TOO_NEW`. */
export async function loadModel(runDir: string): Promise<Model | undefined> {
  const path = modelPath(runDir);
  // A cast because the file is this program's own and its version is checked before it is used.
  const file = (await readJson(path)) as { version: number; bootId: string; model: Model } | undefined;
  if (file === undefined) return undefined;
  if (file.version !== VERSION) throw stateTooNew(path, file.version);
  return file.bootId === (await bootId()) ? file.model : undefined;
}

/**
 * Written aside and renamed, but not forced to disk: it tells of the kernel's state, and a machine that loses the one
 * loses the other.
 */
export async function saveModel(runDir: string, model: Model): Promise<void> {
  const path = modelPath(runDir);
  await writeFile(`${path}.new`, JSON.stringify({ version: VERSION, bootId: await bootId(), model }), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
