import { invalid, type KubeObject, type StatusCause, StatusError, type V1Service, type V1ServiceCIDR, type V1ServiceSpec } from '#cluster/api';
import type { StoreWrite } from '#cluster/store';
import type { Random } from '#kit';
import { collectionPrefix } from '../cache/keys.ts';
import type { ObjectCache } from '../cache/object-cache.ts';
import { formatAddress4, parseAddress4, parseRange4, type Range4 } from './addresses.ts';
import type { AllocationGuard } from './allocation-guard.ts';
import { NodePorts, takenBy as portsTakenBy } from './node-ports.ts';
import { carryOver, needsHealthCheck, needsNodePorts, settleAddresses, settleFamilies, wrongField } from './service-parts.ts';

/** The n-th address of the range: the API server's own Service, and the cluster's DNS. */
const API_OFFSET = 1;
const DNS_OFFSET = 10;

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

  /** The range that the cluster was started with. */
  get range(): string {
    return this.#range.text;
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

  /** Completes `service` (changed in place); what it had as `previous` stays. Errors: 422 where what it asks for is taken or can't be given, 500 where nothing is left. */
  allocate(service: V1Service, previous?: V1Service): void {
    this.#hasTaken = false;
    if (service.spec === undefined) return;
    const spec = structuredClone(service.spec);
    service.spec = spec;
    const before = previous?.spec;
    if (before) carryOver(spec, before);
    settleAddresses(spec, before);
    const causes: StatusCause[] = [];
    const others = this.#others(service);
    if (spec.type !== 'ExternalName') {
      causes.push(...settleFamilies(spec, before));
      const has = before !== undefined && before.type !== 'ExternalName' && before.clusterIP;
      if (causes.length === 0 && spec.clusterIP !== 'None' && !has) causes.push(...this.#giveAddress(service.metadata.name ?? '', spec, others));
    }
    const ports = new NodePorts(others, this.#random, before);
    if (needsNodePorts(spec)) causes.push(...ports.give(spec, spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false));
    if (causes.length > 0) throw invalid('Service', '', service.metadata.name ?? '', causes);
    if (needsHealthCheck(spec) && !(before !== undefined && needsHealthCheck(before))) ports.giveHealthCheck(spec);
    const had = new Set(before === undefined ? [] : takenBy(before));
    this.#hasTaken = takenBy(spec).some((one) => !had.has(one));
  }

  #all(resource: { group: string; resource: string }): readonly KubeObject[] {
    const collection = this.#cache.collection(collectionPrefix(resource));
    return collection.keys('').flatMap((key) => collection.get(key) ?? []);
  }

  #others({ metadata }: V1Service): readonly V1Service[] {
    const isOther = (other: KubeObject) => !(other.metadata.name === metadata.name && other.metadata.namespace === metadata.namespace);
    return this.#all({ group: '', resource: 'services' }).filter(isOther);
  }

  #giveAddress(name: string, spec: V1ServiceSpec, others: readonly V1Service[]): readonly StatusCause[] {
    const [asked] = spec.clusterIPs ?? [];
    const taken = new Set(others.map((other) => other.spec?.clusterIP));
    if (asked) {
      const problem = this.#problem(asked, taken);
      return problem === undefined ? [] : [wrongField('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${asked}: ${problem}`)];
    }
    const picked = this.#pick(taken);
    if (picked === undefined)
      throw new StatusError(500, 'InternalError', `Internal error occurred: failed to allocate a serviceIP for Service "${name}": range is full`);
    spec.clusterIP = picked;
    spec.clusterIPs = [picked];
    return [];
  }

  /** What is no address is the validation's to refuse. */
  #problem(asked: string, taken: ReadonlySet<string | undefined>): string | undefined {
    const number = parseAddress4(asked);
    if (number === undefined) return undefined;
    const range = this.#ranges().find(({ base, size }) => number >= base && number < base + size);
    if (range === undefined) return 'the provided network does not match the current range';
    if (number === range.base || number === range.base + range.size - 1)
      return `the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${range.text}`;
    return taken.has(asked) ? 'provided IP is already allocated' : undefined;
  }

  #pick(others: ReadonlySet<string | undefined>): string | undefined {
    const reserved = this.#all({ group: 'networking.k8s.io', resource: 'ipaddresses' }).map(({ metadata }) => metadata.name);
    const taken = new Set([...others, ...reserved, this.apiAddress, formatAddress4(this.#range.base + DNS_OFFSET)]);
    for (const { base, size } of this.#ranges()) {
      const first = Math.floor(this.#random.fraction() * size);
      for (let step = 0; step < size; step++) {
        const offset = (first + step) % size;
        const address = formatAddress4(base + offset);
        if (offset !== 0 && offset !== size - 1 && !taken.has(address)) return address;
      }
    }
    return undefined;
  }

  /** The cluster's own range, and those that ServiceCIDRs add and that are not going. */
  #ranges(): readonly Range4[] {
    const added = this.#all({ group: 'networking.k8s.io', resource: 'servicecidrs' })
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      // Stored ones were validated.
      .flatMap((object) => (object as V1ServiceCIDR).spec?.cidrs ?? [])
      .filter((range) => !range.includes(':') && range !== this.#range.text);
    return [this.#range, ...added.flatMap((range) => (isUsable(range) ? [parseRange4(range)] : []))];
  }
}

/** What no other Service may have. */
function takenBy(spec: V1ServiceSpec): readonly string[] {
  const { clusterIP } = spec;
  return [...(clusterIP && clusterIP !== 'None' ? [clusterIP] : []), ...portsTakenBy(spec)];
}

/** Sizes that Kubernetes takes and `parseRange4` doesn't give nothing to Services. */
function isUsable(range: string): boolean {
  const bits = Number(range.split('/')[1]);
  return bits >= 8 && bits <= 28;
}
