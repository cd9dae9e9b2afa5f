import type { HealthConfig, Layer } from '#image';
import type { IpAddress, Protocol } from '#network';

/** Whose container it is. Each interface shows and removes only its own. */
export type Owner =
  | { readonly kind: 'docker' }
  | { readonly kind: 'build'; readonly id: string }
  | { readonly kind: 'pod'; readonly uid: string; readonly namespace: string; readonly name: string; readonly container: string; readonly attempt: number };

/** What the user asked for, merged with the image's own configuration at create. Never changes after, but for name, limits and published ports. */
export interface ContainerSpec {
  readonly owner: Owner;
  /** Chosen (`adjective_noun`) when left out. */
  readonly name?: string;
  /** As the user wrote it. */
  readonly image: string;
  /** The root stands on these, lowest first, in place of the image's; the image's volumes are not made then. */
  readonly layers?: readonly Layer[];
  /** Left out: the image's. `[]`: none. */
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  /** `NAME=value`; a bare `NAME` removes the image's. */
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  /** `user[:group]`, names from the image's passwd or numbers. */
  readonly user?: string;
  /** Further group ids. */
  readonly groups?: readonly string[];
  readonly hostname?: string;
  readonly domainName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly terminal?: boolean;
  /** Keep standard input open; `once` closes it after the first client leaves. */
  readonly openStdin?: boolean;
  /** What its user meant to attach to, told back in inspections: who attaches says so then. */
  readonly attached?: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean };
  readonly stdinOnce?: boolean;
  readonly stopSignal?: string;
  readonly stopTimeout_seconds?: number;
  readonly healthcheck?: HealthConfig;
  readonly mounts?: readonly MountSpec[];
  /** Containers whose volumes and bind mounts this one gets too. */
  readonly volumesFrom?: readonly { readonly container: string; readonly readOnly: boolean }[];
  readonly readOnlyRoot?: boolean;
  readonly network: NetworkMode;
  readonly publish?: readonly PublishSpec[];
  readonly publishAll?: boolean;
  /** Where ports are bound that name no address; left out: everywhere. */
  readonly publishAddress?: IpAddress;
  readonly exposed?: readonly string[];
  /** Containers on the default network whose addresses and ports this one is told. */
  readonly links?: readonly LinkSpec[];
  /** `name:address` lines for /etc/hosts; `host-gateway` stands for the bridge's gateway. */
  readonly extraHosts?: readonly string[];
  readonly dns?: { readonly servers?: readonly IpAddress[]; readonly search?: readonly string[]; readonly options?: readonly string[] };
  readonly restart?: RestartPolicy;
  readonly autoRemove?: boolean;
  readonly resources?: ResourceLimits;
  readonly security?: SecurityOptions;
  readonly init?: boolean;
  /** An OCI runtime of the daemon's configuration; left out: its default one. On record, and left out there: crun. */
  readonly runtime?: string;
  /** Left out: all are the container's own. */
  readonly namespaces?: NamespaceChoices;
  readonly devices?: readonly DeviceSpec[];
  /** `c 10:229 rwm`, as the kernel's device controller reads them. */
  readonly deviceRules?: readonly string[];
  readonly shmSize_bytes?: number;
  /** File mode creation mask of every process in it; the runtime's own when absent. */
  readonly umask?: number;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Left out: one file without bounds. */
  readonly log?: LogSpec;
  /** Log file of this container; under the data dir when left out. Written by conmon in the Kubernetes (CRI) format. */
  readonly logPath?: string;
}

/** Namespaces shared with the machine or with another container. */
export interface NamespaceChoices {
  readonly pid?: 'host' | `container:${string}`;
  /** `none`: no shared memory at all; `shareable`: others may join it; left out: `private`. */
  readonly ipc?: 'none' | 'private' | 'shareable' | 'host' | `container:${string}`;
  readonly uts?: 'host';
  readonly cgroup?: 'private' | 'host';
  /** There are no others: containers stand in the machine's. */
  readonly user?: 'host';
}
export interface DeviceSpec {
  /** A device node of the machine, or a folder of them. */
  readonly source: string;
  readonly target: string;
  /** Of `r`, `w` and `m`. */
  readonly access: string;
}

/** Docker's logging drivers that keep the log here, or none; the options as the user gave them (`max-size`, `max-file`, …). */
export interface LogSpec {
  readonly driver: 'json-file' | 'local' | 'none';
  readonly options?: Readonly<Record<string, string>>;
}

export type MountSpec = (
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly propagation?: string;
      /** A source that is not there becomes an empty folder; else it is refused. */
      readonly makeSource?: boolean;
      readonly recursion?: MountRecursion;
    }
  /** No source: an anonymous volume is made. */
  | {
      readonly type: 'volume';
      readonly source?: string;
      readonly target: string;
      readonly readOnly: boolean;
      readonly noCopy?: boolean;
      /** A folder inside of the volume, which must be there at start. */
      readonly subpath?: string;
      /** Of a volume that is made. */
      readonly labels?: Readonly<Record<string, string>>;
      /** Of a volume that is made: the local driver's. */
      readonly driverOptions?: Readonly<Record<string, string>>;
    }
  | { readonly type: 'tmpfs'; readonly target: string; readonly options?: string }
  /** The files of an image, to read. */
  | { readonly type: 'image'; readonly source: string; readonly target: string; readonly subpath?: string }
) & {
  /** How an interface that knows several forms was told. */
  readonly form?: 'mount';
};
/** Left out: mounts below the source come along, and are read-only where it is. `none`: they don't; `read-only-top`: they stay writable. */
export type MountRecursion = 'none' | 'read-only-top' | 'read-only-all';

export type NetworkMode =
  | { readonly kind: 'none' }
  | { readonly kind: 'host' }
  /** The engine's own networks, by name; `bridge` is the default one. */
  | { readonly kind: 'networks'; readonly endpoints: Readonly<Record<string, EndpointSpec>> }
  /** Shares another container's. */
  | { readonly kind: 'container'; readonly id: string }
  /** A namespace somebody else made (a Pod's). resolv.conf and hosts are then bind-mounted from the given files. */
  | { readonly kind: 'namespace'; readonly path: string; readonly resolvConf?: string; readonly hosts?: string };

export interface EndpointSpec {
  readonly aliases?: readonly string[];
  readonly address?: IpAddress;
  readonly ipv6Address?: IpAddress;
  readonly macAddress?: string;
  /** In Docker's words: `com.docker.network.endpoint.…`. */
  readonly driverOptions?: Readonly<Record<string, string>>;
  /** The network with the highest has the default route; 0 when left out. */
  readonly gwPriority?: number;
  /** Other containers by names that are known to this one only. */
  readonly links?: readonly LinkSpec[];
}
export interface LinkSpec {
  readonly container: string;
  readonly alias: string;
}
export interface PublishSpec {
  readonly containerPort: number;
  readonly protocol: Protocol;
  readonly hostAddress?: IpAddress;
  /** 0 or absent: one is chosen. */
  readonly hostPort?: number;
}
export interface RestartPolicy {
  readonly name: 'no' | 'always' | 'unless-stopped' | 'on-failure';
  readonly maximumRetries?: number;
}
export interface ResourceLimits {
  readonly memory_bytes?: number;
  readonly memorySwap_bytes?: number;
  readonly memoryReservation_bytes?: number;
  readonly cpuQuota_us?: number;
  readonly cpuPeriod_us?: number;
  readonly cpuShares?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pids?: number;
  readonly oomScoreAdjust?: number;
  /** A process that wants more memory than there is waits until there is some. */
  readonly oomKillDisable?: boolean;
  /** 0 to 100. */
  readonly swappiness?: number;
  readonly blockIo?: BlockIoLimits;
  /** Of the writable layer, in the user's words. */
  readonly storageSize?: string;
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
}
export interface BlockIoLimits {
  /** 10 to 1000. */
  readonly weight?: number;
  readonly weightDevices?: readonly { readonly path: string; readonly weight: number }[];
  /** Bytes or operations a second. */
  readonly throttles?: readonly { readonly kind: 'read-bps' | 'write-bps' | 'read-iops' | 'write-iops'; readonly path: string; readonly rate: number }[];
}
export interface SecurityOptions {
  readonly privileged?: boolean;
  readonly capabilitiesAdd?: readonly string[];
  readonly capabilitiesDrop?: readonly string[];
  readonly noNewPrivileges?: boolean;
  /** `default`, `unconfined` or a profile in Docker's JSON. */
  readonly seccomp?: string;
  readonly maskedPaths?: readonly string[];
  readonly readOnlyPaths?: readonly string[];
}
