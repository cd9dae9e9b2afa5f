import type { Clock, Logger, Random } from '#kit';
import type { Builder } from '#build';
import type { Engine, OciRuntime } from '#engine';
import type { ImageStore, ProxySettings } from '#image';
import type { ContainerDefaults } from './defaults.ts';
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
  readonly swapLimit: boolean;
  readonly cgroupNamespaces: boolean;
  /** Whether everything is logged. */
  readonly debug: boolean;
  /** All that containers may name, and the one of those that name none. */
  readonly runtimes: readonly OciRuntime[];
  readonly defaultRuntime: string;
  /** `name=value`, each. */
  readonly labels: readonly string[];
  readonly proxies: ProxySettings;
  readonly registries: { readonly insecure: readonly string[]; readonly insecureNetworks: readonly string[]; readonly mirrors: readonly string[] };
  /** `builtin`, `unconfined` or where the profile was read from. */
  readonly seccompProfile: string;
  readonly addressPools: readonly { readonly base: string; readonly size: number }[];
  /** What is insecure or lacking, in sentences. */
  readonly warnings: readonly string[];
}

export interface DockerApiOptions {
  readonly engine: Engine;
  readonly images: ImageStore;
  readonly builder: Builder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly info: DockerInfo;
  /** Of new containers. */
  readonly defaults?: ContainerDefaults;
}

/** What handlers share. */
export interface Rooms extends DockerApiOptions {
  readonly events: EventLog;
  readonly startedAt_ms: number;
  /** The unix socket that this API listens on, once it does. */
  readonly ownSocket: () => string | undefined;
}
