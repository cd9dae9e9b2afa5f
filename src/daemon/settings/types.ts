import type { ContainerDefaults, ListenPlace } from '#docker';
import type { AddressPools, DefaultBridge, OciRuntime } from '#engine';
import type { ProxySettings, RegistrySettings, RemoteOptions } from '#image';

/** How the engine serves and what containers get by default: what Docker's daemon.json tells, less its places. */
export interface EngineSettings {
  /** Where the Docker Engine API is served beside its own socket. */
  readonly listen: readonly ListenPlace[];
  /** Whose the sockets are. */
  readonly group?: number;
  readonly defaults: ContainerDefaults;
  /** Runtimes by name, as the user wrote them: the path may be a program's name. */
  readonly runtimes: readonly OciRuntime[];
  readonly defaultRuntime?: string;
  readonly bridge?: Partial<DefaultBridge>;
  readonly addressPools?: readonly AddressPools[];
  readonly registries: RegistrySettings;
  readonly proxies: ProxySettings;
  readonly remote: Pick<RemoteOptions, 'downloadsMax' | 'uploadsMax' | 'attemptsMax'>;
  readonly labels: readonly string[];
  /** Where the profile of system calls was read from; `unconfined` or absent otherwise. */
  readonly seccompProfile?: string;
  readonly shutdownTimeout_seconds?: number;
  /** What is insecure or is not done here, in sentences. */
  readonly warnings: readonly string[];
}

/** What a daemon.json says, before files are read and places are checked. */
export interface JsonSettings extends Partial<Omit<EngineSettings, 'listen' | 'group' | 'proxies' | 'warnings'>> {
  /** Name or number. */
  readonly groupName?: string;
}

export const NO_SETTINGS: EngineSettings = {
  listen: [],
  defaults: {},
  runtimes: [],
  registries: { insecure: [], mirrors: [] },
  proxies: {},
  remote: {},
  labels: [],
  warnings: [],
};
