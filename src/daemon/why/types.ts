/** One step of an explanation, in the order in which things happen. */
export interface WhyFinding {
  readonly step: string;
  /** False where it stops, or where what is found is the reason. */
  readonly ok: boolean;
  readonly detail: string;
  /** What to do about it. */
  readonly advice?: string;
}

export type WhyProtocol = 'tcp' | 'udp';

/** A socket that waits for connections or packets. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Absent where this user may not see whose it is. */
  readonly pid?: number;
  readonly program?: string;
}

/** A chain of another program through which forwarded packets go, and which drops what none of its rules accepts. */
export interface ForwardDrop {
  /** `ip filter`, or `iptables-legacy filter`. */
  readonly table: string;
  readonly chain: string;
  /** One of its rules accepts all, or all that was led elsewhere. */
  readonly accepts: boolean;
}

/** A container as far as a packet meets it. */
export interface OwnContainer {
  readonly id: string;
  readonly name: string;
  /** `container web`, or `container main of pod default/web`. */
  readonly title: string;
  /** Of a Pod's container. */
  readonly pod?: { readonly namespace: string; readonly name: string };
  readonly status: string;
  readonly exitCode?: number;
  readonly pid?: number;
  /** By network; empty for a Pod's, whose address is its namespace's. */
  readonly addresses: readonly string[];
  readonly asked: readonly { readonly hostAddress: string; readonly hostPort: number; readonly containerPort: number; readonly protocol: string }[];
}

export type ShownContainer = Pick<OwnContainer, 'name' | 'title' | 'status' | 'exitCode' | 'pod'>;

/** What only the daemon knows of ports: `GET /facts/ports`. */
export interface OwnPorts {
  readonly pid: number;
  /** The one nftables table, of the family inet. */
  readonly table: string;
  readonly bridges: readonly { readonly name: string; readonly subnet: string; readonly internal: boolean }[];
  readonly published: readonly {
    readonly owner: string;
    readonly protocol: string;
    readonly hostAddress: string;
    readonly hostPort: number;
    readonly targetAddress: string;
    readonly targetPort: number;
  }[];
  readonly services: readonly {
    readonly protocol: string;
    readonly address: string;
    readonly port: number;
    readonly nodePort?: number;
    readonly backends: readonly { readonly address: string; readonly port: number }[];
  }[];
  readonly containers: readonly OwnContainer[];
}

/** Where a packet is led, and what is there. */
export interface Target {
  readonly address: string;
  readonly port: number;
  readonly bridge?: { readonly name: string; readonly internal: boolean; readonly state: 'up' | 'down' | 'absent' };
  readonly container?: ShownContainer;
  /** Whether the container's network namespace has the address; absent where nothing runs. */
  readonly hasAddress?: boolean;
  /** All that listens for the protocol in there; absent where nothing runs. */
  readonly inside?: readonly Listener[];
}

/** A way by which Gantry leads packets for the port. */
export interface Way {
  readonly kind: 'published' | 'node port' | 'cluster ip';
  readonly address: string;
  readonly port: number;
  /** The element of the nftables table, as the kernel has it; undefined: it has none. */
  readonly rule: string | undefined;
  readonly targets: readonly Target[];
}

/** All that is looked at for `why port`. */
export interface PortFacts {
  readonly port: number;
  readonly protocol: WhyProtocol;
  /** The daemon's process, where one answers. */
  readonly daemon: number | undefined;
  readonly listeners: readonly Listener[];
  readonly ways: readonly Way[];
  /** Containers that do not run and would publish the port. */
  readonly dormant: readonly ShownContainer[];
  /** Running containers inside which something listens on the port, unpublished. */
  readonly unpublished: readonly ShownContainer[];
  readonly forwarding: boolean;
  /** Undefined where this user may not look. */
  readonly forwardDrops: readonly ForwardDrop[] | undefined;
}

/** What is known of a container for `why container`: `GET /facts/container?name=`. */
export interface ContainerFacts {
  readonly name: string;
  readonly title: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly status: string;
  readonly exit?: {
    readonly exitCode: number;
    readonly oomKilled: boolean;
    readonly startedAt_ms: number;
    readonly finishedAt_ms: number;
    readonly error?: string;
  };
  readonly memory_bytes?: number;
  /** Signals that were sent through Gantry during the latest run, oldest first. */
  readonly signals: readonly number[];
  /** `stop` was asked for, not only `kill`. */
  readonly stopped: boolean;
  /** No event of the latest run's beginning is remembered: signals may have been sent all the same. */
  readonly forgotten: boolean;
  readonly restart: { readonly policy: string; readonly maximumRetries?: number; readonly count: number; readonly isOff: boolean };
  readonly health?: { readonly status: string; readonly failingStreak: number; readonly exitCode?: number; readonly output?: string };
  readonly log: readonly string[];
}
