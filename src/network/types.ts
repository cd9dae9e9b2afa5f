/** A CIDR such as `10.88.0.0/16`, checked at the edge. */
export type Cidr = string;
/** An IPv4 or IPv6 address. */
export type IpAddress = string;
export type Protocol = 'tcp' | 'udp' | 'sctp';

/** A Linux bridge with a subnet of its own. */
export interface BridgeSpec {
  /** The link's name, at most 15 characters. */
  readonly name: string;
  readonly subnet: Cidr;
  readonly gateway: IpAddress;
  readonly mtu?: number;
  /** No way out to other networks. */
  readonly internal: boolean;
  /** Source addresses are hidden behind the host's when leaving the bridge. */
  readonly masquerade: boolean;
  /** Destinations towards which addresses are not hidden: the other nodes' Pods. */
  readonly masqueradeExcept?: readonly Cidr[];
  /**
   * True (the default) for a network of its own, which nothing outside reaches except by published ports and Services;
   * false for the Pods' network, which everybody may reach.
   */
  readonly isolated?: boolean;
  /** IPv6 beside IPv4. */
  readonly ipv6?: { readonly subnet: Cidr; readonly gateway: IpAddress };
  /** Its containers reach nobody else on it but the machine. */
  readonly apart?: boolean;
  /** The bridge itself has no IPv4 address: somebody else on it is the gateway. */
  readonly withoutAddress?: boolean;
  /** Links by which packets from outside may come that no port was published for. */
  readonly trustedLinks?: readonly string[];
}

/** An IPv6 address, beside the IPv4 one. */
export interface Ipv6Attachment {
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly gateway?: IpAddress;
}

/** One end in a namespace, the other on a bridge. */
export interface AttachmentSpec {
  readonly namespace: string;
  readonly bridge: string;
  /** Name inside the namespace: eth0, eth1, … */
  readonly interfaceName: string;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** Sets the default route when given. */
  readonly gateway?: IpAddress;
  /** Locally administered; derived from the address when left out. */
  readonly macAddress?: string;
  readonly mtu?: number;
  readonly ipv6?: Ipv6Attachment;
  /** Reaches nobody else on the bridge but the machine and ends that are not apart. */
  readonly apart?: boolean;
}

export type MacvlanMode = 'bridge' | 'private' | 'vepa' | 'passthru';

/** The link that macvlan ends stand on. */
export interface MacvlanParent {
  readonly name: string;
  /** A link of Gantry's own that leads nowhere: the ends reach one another only. */
  readonly own?: boolean;
}

/** An end in a namespace that has an address of its own on the network of the parent. */
export interface MacvlanSpec {
  readonly namespace: string;
  readonly parent: MacvlanParent;
  readonly mode: MacvlanMode;
  readonly interfaceName: string;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly macAddress: string;
  readonly gateway?: IpAddress;
  readonly mtu?: number;
  readonly ipv6?: Ipv6Attachment;
}

/** A port of the host that leads to a container. */
export interface PublishedPort {
  readonly owner: string;
  readonly protocol: Protocol;
  readonly hostAddress: IpAddress;
  readonly hostPort: number;
  readonly targetAddress: IpAddress;
  readonly targetPort: number;
  /** With 0.0.0.0 comes `::`: where that leads to in IPv6, by the kernel too. Without it a socket passes IPv6 clients on to `targetAddress`. */
  readonly targetAddress6?: IpAddress;
}

/** A virtual address that leads to backends, in the kernel only. */
export interface ServiceRule {
  readonly protocol: Protocol;
  readonly address: IpAddress;
  readonly port: number;
  /** Also reached by this port on every address of the machine. */
  readonly nodePort?: number;
  /** Empty: connections are refused at once (ICMP port unreachable or TCP reset). */
  readonly backends: readonly { readonly address: IpAddress; readonly port: number }[];
  /** Same client, same backend, for so many seconds. */
  readonly affinity_seconds?: number;
}

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
}
export type DnsAnswer =
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[] }
  | { readonly kind: 'no-such-name' }
  /** Ask the machine's own resolvers. */
  | { readonly kind: 'forward' };
export interface DnsRecord {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'SRV' | 'PTR' | 'CNAME' | 'TXT';
  readonly ttl_seconds: number;
  /** As `dns-packet` takes it. */
  readonly data: unknown;
}
/** Answers questions; one function for Docker's embedded DNS and one for the cluster's. */
export type DnsHandler = (question: DnsQuestion) => DnsAnswer | Promise<DnsAnswer>;

/** A place where names are answered. */
export interface DnsService {
  readonly namespace?: string;
  readonly address: IpAddress;
  readonly handler: DnsHandler;
  /** Who is asked, from where the daemon stands, what the handler forwards; the machine's own resolvers when left out. */
  readonly resolvers?: readonly IpAddress[];
}

/** What a network wants of the kernel. */
export interface NetworkPlan {
  /** The name of the one nftables table, of the family inet. */
  readonly table: string;
  readonly bridges: readonly BridgeSpec[];
  readonly published: readonly PublishedPort[];
  readonly services: readonly ServiceRule[];
}

/** How packets go. One per daemon, in the network namespace the daemon stands in; everything it makes carries the daemon's id. */
export interface Network {
  /** Turns on forwarding where needed, makes the one nftables table, remembers what it changed so that `removeAll` undoes it. */
  start(): Promise<void>;

  createNamespace(id: string): Promise<string>;
  /** The path at which the namespace of that id is (or would be) pinned. */
  namespacePath(id: string): string;
  removeNamespace(id: string): Promise<void>;
  listNamespaces(): Promise<readonly string[]>;

  /** Makes the bridge, or makes it as `spec` says. Idempotent. */
  ensureBridge(spec: BridgeSpec): Promise<void>;
  removeBridge(name: string): Promise<void>;
  attach(spec: AttachmentSpec): Promise<void>;
  /** Joins the namespace to the network of a link of the machine, which is made first where it is one that can be. Errors: `LINK_UNKNOWN`, `LINK_KIND_ABSENT`. */
  attachMacvlan(spec: MacvlanSpec): Promise<void>;
  /** Fine when it is not there. */
  detachMacvlan(namespace: string, interfaceName: string): Promise<void>;
  /** Makes sure of the link that macvlan ends stand on. Errors: as `attachMacvlan`. */
  ensureParent(parent: MacvlanParent): Promise<void>;
  /** Removes the link if it is one that was made for it. */
  removeParent(name: string): Promise<void>;
  detach(namespace: string, interfaceName: string): Promise<void>;
  /** Whether the host's end of such an attachment is there, whatever its other end was made into. */
  isAttached(namespace: string, interfaceName: string): Promise<boolean>;
  /** How many connections the servers inside have, being served or yet to be. */
  servedConnections(namespace: string): Promise<number>;
  /** Sets the default routes inside a namespace anew; what is left out has none. */
  route(namespace: string, gateways: { readonly ipv4?: IpAddress; readonly ipv6?: IpAddress }): Promise<void>;
  /** Why there can be no IPv6 here, in words; undefined when there can. */
  ipv6Absence(): string | undefined;

  /**
   * Publishes ports for one owner, all or none, each also held by a bound socket. A `hostPort` of 0 is chosen here;
   * the answer has the real ones. Errors: `PORT_IN_USE`, naming the port.
   */
  publish(ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]>;
  unpublish(owner: string): Promise<void>;
  /**
   * Makes `ports` all that is published for the owner, all or none, in one transaction of the kernel: ports that stay are not
   * touched, and connections that stand go on. Answers the real ones. Errors: as `publish`; then what was published still is.
   */
  republish(owner: string, ports: readonly PublishedPort[]): Promise<readonly PublishedPort[]>;

  /** What is wanted of the kernel now: for whoever explains the way of a packet. */
  plan(): NetworkPlan;

  /** Replaces the whole set of services with one transaction, only what differs is sent to the kernel. */
  setServices(rules: readonly ServiceRule[]): Promise<void>;

  /** Answers DNS at `address`:53 (UDP and TCP), inside `namespace` or where the daemon stands. */
  serveDns(options: DnsService): Promise<AsyncDisposable>;

  /** Lets go of sockets; leaves links and rules, since containers keep running. */
  stop(): Promise<void>;
  /** Takes every bridge, link, rule, namespace and changed sysctl of this daemon off the machine. */
  removeAll(): Promise<void>;
}

/** Hands out addresses of a subnet, remembering them in the caller's records. Pure. */
export interface AddressPool {
  /** The next free address, or the wanted one. Errors: `ADDRESS_IN_USE`, `ADDRESS_OUTSIDE_SUBNET`, `SUBNET_FULL`. */
  take(wanted?: IpAddress): IpAddress;
  release(address: IpAddress): void;
  readonly gateway: IpAddress;
  readonly prefixLength: number;
}
