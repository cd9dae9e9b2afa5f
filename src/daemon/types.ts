import type { Clock, Logger, Random } from '#kit';
import type { Linux } from '#linux';
import type { DaemonConfig, PartName } from './config.ts';
import type { Identity } from './identity.ts';

/** How a part is: `failed` names why; it makes the whole daemon not ready. */
export type PartHealth = { readonly state: 'starting' } | { readonly state: 'ready' } | { readonly state: 'failed'; readonly reason: string };

/** One part of the daemon: started in order, stopped in the reverse. */
export interface Part {
  readonly name: PartName;
  start(): Promise<void>;
  /** Lets go; containers keep running. */
  stop(): Promise<void>;
  health(): Promise<PartHealth>;
}

/** What `gantry status -o json` prints. */
export interface DaemonStatus {
  readonly ready: boolean;
  readonly id: string;
  readonly pid: number;
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly dataDir: string;
  readonly runDir: string;
  readonly dockerSocket?: string;
  /** Where it is served beside. */
  readonly dockerHosts?: string;
  readonly registry?: string;
  readonly apiServer?: string;
  readonly kubeconfig?: string;
  /** The name of the cluster's entry in it. */
  readonly context?: string;
  readonly parts: Readonly<Record<string, PartHealth>>;
}

/** What every part is made from. */
export interface PartOptions {
  readonly config: DaemonConfig;
  readonly identity: Identity;
  readonly linux: Linux;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly version: string;
}
