import type { Clock, Logger, Random } from '#kit';
import type { Builder } from '#build';
import type { Engine } from '#engine';
import type { ImageStore } from '#image';
import type { EventLog } from './event-log.ts';

export interface DockerInfo {
  /** A stable id of this daemon. */
  readonly id: string;
  /** Gantry's own version. */
  readonly version: string;
  readonly dataDir: string;
  /** Host name. */
  readonly name: string;
  readonly cgroupVersion: '1' | '2';
  readonly kernelVersion: string;
  readonly operatingSystem: string;
  /** Go's words: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memory_bytes: number;
  /** The container runtime's name and path, `crun` by default. */
  readonly runtime: string;
}

export interface DockerApiOptions {
  readonly engine: Engine;
  readonly images: ImageStore;
  readonly builder: Builder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly info: DockerInfo;
}

/** What handlers share. */
export interface Rooms extends DockerApiOptions {
  readonly events: EventLog;
  readonly startedAt_ms: number;
  /** The unix socket that this API listens on, once it does. */
  readonly ownSocket: () => string | undefined;
}
