import { invalid, type KubeObject, type StatusCause } from '#cluster/api';
import type { StoreWrite } from '#cluster/store';
import type { Random } from '#kit';
import { collectionPrefix } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { formatAddress4, parseAddress4, type Range4 } from './addresses.ts';
import type { AllocationGuard } from './allocation-guard.ts';

const NODE_PORT_FIRST = 30000;
const NODE_PORT_LAST = 32767;
/** The n-th address of the range: the API server's own Service, and the cluster's DNS. */
const API_OFFSET = 1;
const DNS_OFFSET = 10;

export interface ServicePort {
  port: number;
  protocol?: string;
  nodePort?: number;
}
export interface Service extends KubeObject {
  spec?: {
    type?: string;
    clusterIP?: string;
    clusterIPs?: string[];
    ipFamilies?: string[];
    ipFamilyPolicy?: string;
    externalName?: string;
    externalTrafficPolicy?: string;
    healthCheckNodePort?: number;
    allocateLoadBalancerNodePorts?: boolean;
    ports?: ServicePort[];
  };
}

/** Gives Services their addresses and node ports. What is taken is read off the stored Services, so nothing can leak. */
export class ServiceAllocator {
  readonly #cache: ObjectCache;
  readonly #random: Random;
  readonly #guard: AllocationGuard;
  readonly #range: Range4;
  /** Whether what was completed last has what it had not before. */
  #hasTaken = false;

  constructor({ cache, random, guard }: { readonly cache: ObjectCache; readonly random: Random; readonly guard: AllocationGuard }, range: Range4) {
    this.#cache = cache;
    this.#random = random;
    this.#guard = guard;
    this.#range = range;
  }

  /** The address of the `kubernetes` Service. */
  get apiAddress(): string {
    return formatAddress4(this.#range.base + API_OFFSET);
  }

  /** Runs a task that allocates and writes; one at a time, so that no two get the same. It is run again where another server came between. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#guard.run(task);
  }

  /** What must be written together with the Service that was completed last. */
  alongside(): readonly StoreWrite[] {
    return this.#hasTaken ? this.#guard.mark() : [];
  }

  /** Completes `service` (changed in place); what it had as `previous` stays. Errors: 422 where what it asks for is taken or out of range. */
  allocate(service: Service, previous?: Service): void {
    const { spec } = service;
    this.#hasTaken = false;
    if (!spec) return;
    if (previous) carryOver(service, previous);
    const causes: StatusCause[] = [];
    const others = this.#others(service);
    if (spec.type === 'ExternalName') {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    } else {
      this.#allocateAddress(spec, others, causes);
    }
    if (spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)) this.#allocatePorts(spec, others, causes);
    if (causes.length > 0) throw invalid('Service', '', service.metadata.name ?? '', causes);
    const before = new Set(takenBy(previous));
    this.#hasTaken = takenBy(service).some((one) => !before.has(one));
  }

  #others({ metadata }: Service): readonly Service[] {
    const collection = this.#cache.collection(collectionPrefix({ group: '', resource: 'services' }));
    const all = collection.keys('').map((key) => collection.get(key) as Service | undefined);
    return all.filter(
      (other): other is Service => other !== undefined && !(other.metadata.name === metadata.name && other.metadata.namespace === metadata.namespace),
    );
  }

  #allocateAddress(spec: NonNullable<Service['spec']>, others: readonly Service[], causes: StatusCause[]): void {
    const asked = spec.clusterIP || spec.clusterIPs?.[0];
    if (asked === 'None') {
      spec.clusterIP = 'None';
      spec.clusterIPs = ['None'];
    } else {
      const taken = new Set(others.map((other) => other.spec?.clusterIP));
      const address = asked ? this.#check(asked, taken, causes) : this.#pick(taken, causes);
      spec.clusterIP = address;
      spec.clusterIPs = [address];
    }
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
  }

  #check(asked: string, taken: ReadonlySet<string | undefined>, causes: StatusCause[]): string {
    const number = parseAddress4(asked);
    const { base, size, text } = this.#range;
    const refuse = (why: string) =>
      causes.push({ reason: 'FieldValueInvalid', field: 'spec.clusterIPs', message: `Invalid value: ["${asked}"]: failed to allocate IP ${asked}: ${why}` });
    if (number === undefined || number <= base || number >= base + size - 1)
      refuse(`the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${text}`);
    else if (taken.has(asked)) refuse('provided IP is already allocated');
    return asked;
  }

  #pick(taken: ReadonlySet<string | undefined>, causes: StatusCause[]): string {
    const { base, size, text } = this.#range;
    const first = Math.floor(this.#random.fraction() * size);
    for (let step = 0; step < size; step++) {
      const offset = (first + step) % size;
      if (offset === 0 || offset === API_OFFSET || offset === DNS_OFFSET || offset === size - 1) continue;
      const address = formatAddress4(base + offset);
      if (!taken.has(address)) return address;
    }
    causes.push({ reason: 'InternalError', field: 'spec.clusterIPs', message: `failed to allocate a serviceIP: all of ${text} are taken` });
    return '';
  }

  #allocatePorts(spec: NonNullable<Service['spec']>, others: readonly Service[], causes: StatusCause[]): void {
    const taken = new Set(others.flatMap((other) => (other.spec?.ports ?? []).map((port) => portKey(port.protocol, port.nodePort))));
    (spec.ports ?? []).forEach((port, index) => {
      if (!port.nodePort) port.nodePort = this.#pickPort(port, spec.ports ?? [], taken);
      else if (port.nodePort < NODE_PORT_FIRST || port.nodePort > NODE_PORT_LAST) {
        causes.push(badPort(index, port.nodePort, `provided port is not in the valid range. The range of valid ports is ${NODE_PORT_FIRST}-${NODE_PORT_LAST}`));
      } else if (taken.has(portKey(port.protocol, port.nodePort))) causes.push(badPort(index, port.nodePort, 'provided port is already allocated'));
      taken.add(portKey(port.protocol, port.nodePort));
    });
  }

  /** One number for all protocols of the same port (as DNS has), else one that nobody has. */
  #pickPort(wanted: ServicePort, siblings: readonly ServicePort[], taken: ReadonlySet<string>): number {
    const sibling = siblings.find((other) => other.port === wanted.port && other.protocol !== wanted.protocol && other.nodePort)?.nodePort;
    if (sibling !== undefined && !taken.has(portKey(wanted.protocol, sibling))) return sibling;
    const count = NODE_PORT_LAST - NODE_PORT_FIRST + 1;
    const first = Math.floor(this.#random.fraction() * count);
    for (let step = 0; step < count; step++) {
      const port = NODE_PORT_FIRST + ((first + step) % count);
      if (!['TCP', 'UDP', 'SCTP'].some((protocol) => taken.has(portKey(protocol, port)))) return port;
    }
    throw invalid('Service', '', '', [{ reason: 'InternalError', field: 'spec.ports', message: 'failed to allocate a nodePort: all are taken' }]);
  }
}

/** What no other Service may have. */
function takenBy(service: Service | undefined): readonly string[] {
  const { clusterIP, ports } = service?.spec ?? {};
  const given = (ports ?? []).flatMap(({ protocol, nodePort }) => (nodePort ? [portKey(protocol, nodePort)] : []));
  return clusterIP && clusterIP !== 'None' ? [clusterIP, ...given] : given;
}

/** What was given once stays, where the change does not speak of it. */
function carryOver(service: Service, previous: Service): void {
  const { spec } = service;
  const before = previous.spec;
  if (!spec || !before) return;
  if (spec.type !== 'ExternalName' && before.type !== 'ExternalName' && !spec.clusterIP && before.clusterIP) {
    spec.clusterIP = before.clusterIP;
    if (before.clusterIPs) spec.clusterIPs = [...before.clusterIPs];
  }
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') {
    // A node port that the object inherited from its former type goes; one that was newly asked for is the validation's to refuse.
    for (const port of spec.ports ?? []) if (before.ports?.some((old) => old.nodePort === port.nodePort)) delete port.nodePort;
    return;
  }
  for (const port of spec.ports ?? []) {
    const old = before.ports?.find((one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'));
    if (!port.nodePort && old?.nodePort) port.nodePort = old.nodePort;
  }
}

function portKey(protocol: string | undefined, port: number | undefined): string {
  return `${protocol ?? 'TCP'}/${port ?? 0}`;
}

function badPort(index: number, port: number, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', field: `spec.ports[${index}].nodePort`, message: `Invalid value: ${port}: ${why}` };
}
