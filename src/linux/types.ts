import type { Duplex } from 'node:stream';

/** Everything Gantry asks of the kernel. The real one is `openLinux()`; the fake only records. */
export interface Linux {
  readonly mounts: Mounts;
  readonly namespaces: Namespaces;
  readonly links: Links;
  readonly nftables: Nftables;
  readonly connections: Connections;
  readonly cgroups: Cgroups;
  readonly capabilities: Capabilities;
  readonly sockets: PacketSockets;
  readonly processes: Processes;
  readonly xattrs: Xattrs;
  readonly nodes: Nodes;
}

export interface MountRequest {
  readonly source: string;
  readonly target: string;
  readonly type?: string;
  readonly flags?: readonly MountFlag[];
  /** File-system options, as mount(2)'s last argument takes them. */
  readonly options?: string;
}
export type MountFlag =
  | 'bind'
  | 'rec'
  | 'ro'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'sync'
  | 'dirsync'
  | 'noatime'
  | 'nodiratime'
  | 'relatime'
  | 'strictatime'
  | 'remount'
  | 'private'
  | 'shared'
  | 'slave';

export interface Mounts {
  /** mount(2). Options longer than a page are refused by name. */
  mount(request: MountRequest): void;
  /** The same on a thread of the pool: for file systems whose mount waits for a server or a disk. */
  mountInBackground(request: MountRequest): Promise<void>;
  /** umount2(2) with MNT_DETACH; a target that is not mounted is fine. */
  unmount(target: string): void;
  /**
   * Mounting, unmounting and making a namespace hold the thread for as long as the kernel takes, milliseconds on a busy machine: where many come
   * together, each waits for its turn, one a round of the event loop.
   */
  turn(): Promise<void>;
  /** What /proc/self/mountinfo says now. */
  list(): Promise<readonly MountEntry[]>;
}
export interface MountEntry {
  readonly id: number;
  /** The mount on which it stands. */
  readonly parent: number;
  /** `MAJOR:MINOR` of the file system. */
  readonly device: string;
  /** Mounts below it reach copies of it in other namespaces. */
  readonly shared: boolean;
  readonly target: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
}

/** Network namespaces, each pinned by a bind mount at a path. */
export interface Namespaces {
  /** Makes a new network namespace and pins it at `path` (file is made), with `lo` up. */
  create(path: string): Promise<void>;
  /** Unpins it; fine when it is not there. */
  remove(path: string): Promise<void>;
  /** Runs `task` synchronously with the calling thread inside the namespace. Never enters mount namespaces. */
  run<T>(path: string, task: () => T): T;
  /** Inode number of the namespace pinned at `path`: equal numbers are the same namespace. */
  identity(path: string): Promise<string>;
  /** A TCP listener or UDP socket bound inside the namespace, as a file descriptor for `net`/`dgram` to adopt. */
  listenTcp(path: string, address: string, port: number): number;
  bindUdp(path: string, address: string, port: number): number;
  /** The local port of a socket's file descriptor: which one the kernel chose for port 0. */
  boundPort(fd: number): number;
  /** A TCP connection made from inside the namespace. Without a signal the kernel gives up after about two minutes. */
  connectTcp(path: string, address: string, port: number, signal?: AbortSignal): Promise<Duplex>;
  /** Writes a sysctl (`net/ipv4/ip_forward`) inside the namespace. */
  setSysctl(path: string, name: string, value: string): void;
}

/** A pair of links: one end on a bridge here, the other inside a namespace, configured. */
export interface VethRequest {
  /** Name of the end here, at most 15 characters. */
  readonly hostName: string;
  readonly bridge: string;
  /** Alias of the end here, by which its owner finds it again. */
  readonly alias: string;
  readonly namespace: string;
  readonly interfaceName: string;
  readonly macAddress: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly gateway?: string;
  readonly mtu?: number;
  /** An IPv6 address too; without one IPv6 gives the link none of its own making. */
  readonly ipv6?: { readonly address: string; readonly prefixLength: number; readonly gateway?: string };
  /** The bridge passes nothing between this end and others that are apart. */
  readonly apart?: boolean;
}
export interface BridgeRequest {
  readonly name: string;
  readonly alias: string;
  readonly macAddress: string;
  /** Of either family, each with its length: `10.88.0.1/16`. */
  readonly addresses: readonly string[];
  readonly mtu?: number;
}

/** Links, addresses and routes: by rtnetlink where speed matters, by `ip -batch` for the rest. */
export interface Links {
  /** Makes both ends, sets the address and the default route, and brings both up. No process is started. Errors name what exists already. */
  attachVeth(request: VethRequest): Promise<void>;
  /** Makes a bridge with its addresses and brings it up; false when a link of that name is there already (then nothing was changed). */
  addBridge(request: BridgeRequest): Promise<boolean>;
  /** Removes a link; fine when it is not there. */
  remove(name: string): Promise<void>;
  /** `ip -batch`: one process a call, all lines or an error that names the line. */
  batch(lines: readonly string[], options?: { readonly namespace?: string; readonly force?: boolean }): Promise<void>;
  /** `ip -j link|addr|route show`, parsed; `route6` are the routes of IPv6. */
  show(what: 'link' | 'addr' | 'route' | 'route6', options?: { readonly namespace?: string }): Promise<readonly Record<string, unknown>[]>;
}

export interface Nftables {
  /** The whole text is one transaction, as with `nft -f -`. */
  apply(ruleset: string, options?: { readonly namespace?: string }): Promise<void>;
  /** `nft -j list table`, or undefined when there is no such table. */
  list(family: 'inet' | 'ip' | 'ip6', table: string): Promise<unknown>;
  deleteTable(family: 'inet' | 'ip' | 'ip6', table: string): Promise<void>;
}

/** UDP flows that the kernel tracks: what they have in common. */
export interface UdpFlows {
  readonly family: 4 | 6;
  /** Where clients send to: a port of one address, or of all. */
  readonly to?: { readonly address?: string; readonly port: number };
  /** Who answers. */
  readonly answeredBy?: { readonly address: string; readonly port: number };
}
/** What the kernel remembers of connections, and by which it leads their packets (nf_conntrack). */
export interface Connections {
  /** Forgets these flows, so that their next packet is led by the rules of now. TCP needs none of that: its connections end by themselves. */
  forget(flows: readonly UdpFlows[]): Promise<void>;
}

export interface CgroupLimits {
  readonly memory_bytes?: number;
  readonly cpu_quota_us?: number;
  readonly cpu_period_us?: number;
  readonly cpu_shares?: number;
  readonly pids?: number;
}
/** What a group read from or wrote to one device. */
export interface DeviceIo {
  readonly major: number;
  readonly minor: number;
  readonly operation: 'read' | 'write';
  readonly bytes: number;
  readonly count: number;
}
export interface CgroupUsage {
  readonly cpu_total_ns: number;
  readonly cpu_user_ns: number;
  readonly cpu_system_ns: number;
  /** What all processors together had had, idle time included, when `cpu_total_ns` was read. */
  readonly machine_cpu_ns: number;
  /** Usage less inactive file cache: what Docker and Kubernetes call the working set. */
  readonly memory_working_set_bytes: number;
  readonly memory_usage_bytes: number;
  readonly memory_limit_bytes: number;
  readonly memory_max_usage_bytes: number;
  /** The raw memory.stat fields. */
  readonly memory_stat: Readonly<Record<string, number>>;
  readonly oom_kills: number;
  readonly pids: number;
  readonly pids_limit?: number;
  /** How often its quota held it back. */
  readonly cpu_throttling: { readonly periods: number; readonly throttled_periods: number; readonly throttled_ns: number };
  readonly io: readonly DeviceIo[];
  /** Version 1 alone: by processor, and how often the limit was met. */
  readonly cpu_by_processor_ns?: readonly number[];
  readonly memory_fails?: number;
}
/** Control groups, version 1 or 2 chosen when opened. Paths are relative to each hierarchy's root: `gantry-ab12/xyz`. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** True when crun 1.8 refuses this tree (v1 with a v2 part that still has a controller): see `engine/runtime`. */
  readonly hybridWithControllers: boolean;
  create(path: string, limits?: CgroupLimits): Promise<void>;
  update(path: string, limits: CgroupLimits): Promise<void>;
  usage(path: string): Promise<CgroupUsage>;
  /** How many processes of the group the kernel ended for want of memory; 0 where there is no such group. */
  oomKills(path: string): Promise<number>;
  freeze(path: string, frozen: boolean): Promise<void>;
  /** Process ids in the group and everything below it. */
  processes(path: string): Promise<readonly number[]>;
  /** Removes the group and everything below it, ending with SIGKILL what is still in it; fine when it is not there. */
  remove(path: string): Promise<void>;
  /** Groups right below `path`, in any hierarchy. */
  children(path: string): Promise<readonly string[]>;
  /**
   * Lets the next move of a process between groups, whoever makes it, go at once. The first move in a while waits for all
   * processors (8–16 ms: an RCU grace period); those within about 8 ms after another do not. This moves nothing.
   */
  warmUp(): Promise<void>;
}

export interface Capabilities {
  /** Names (`CAP_CHOWN`) in this process's bounding set. */
  bounding(): Promise<ReadonlySet<string>>;
  /** Hard limit of open files of this process. */
  noFileLimit(): Promise<number>;
}

/** Unix sockets of packets, which Node.js does not speak. */
export interface PacketSockets {
  /** SOCK_DGRAM: sends one packet to whoever listens there. `@name` is an abstract address (unix(7)). */
  send(address: string, packet: string): void;
  /** SOCK_SEQPACKET: conmon's attach socket. Each `data` event is one packet. */
  connect(path: string): Promise<Duplex>;
}

export interface Processes {
  /** kill(2); false when there is no such process. */
  signal(pid: number, signal: NodeJS.Signals | number): boolean;
  /** When the process started, in clock ticks since boot (field 22 of /proc/PID/stat): tells a reused id apart. */
  startTime(pid: number): Promise<string | undefined>;
  /** Resolves when the process has ended (pidfd where the kernel has it, else by its /proc entry). */
  waitGone(pid: number, signal?: AbortSignal): Promise<void>;
}

/** A path as text in UTF-8, or as the very bytes where a name may be no UTF-8. */
export type FilePath = string | Buffer;

/** Extended attributes of the file itself: links are not followed. */
export interface Xattrs {
  set(path: FilePath, name: string, value: Uint8Array): void;
  /** Undefined when there is no such attribute, or the file system has none. */
  get(path: FilePath, name: string): Buffer | undefined;
  list(path: FilePath): readonly string[];
}

/** Device nodes and pipes, and writing a file system through. */
export interface Nodes {
  /** mknod(2); permissions are subject to the umask. */
  make(path: FilePath, kind: 'character' | 'block' | 'fifo', permissions: number, device?: { readonly major: number; readonly minor: number }): void;
  /** syncfs(2): everything written to the file system of that open file is on disk when it returns. Blocks its thread. */
  sync(fd: number): void;
}
