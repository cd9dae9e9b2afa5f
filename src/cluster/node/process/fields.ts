import { parseQuantity, type V1Container, type V1Pod, type V1ResourceFieldSelector } from '#cluster/api';
import { ContainerConfigError } from '../errors.ts';

/** What a Pod can be told about itself. */
export interface PodFacts {
  readonly pod: V1Pod;
  readonly podAddress: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** What `limits` mean where a container has none. */
  readonly capacity: { readonly cpu_millicores: number; readonly memory_bytes: number };
}

/** The value of a field of the Pod (downward API). Errors: `CreateContainerConfigError` for a path that there isn't. */
export function podField(facts: PodFacts, path: string): string {
  const { metadata, spec } = facts.pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return (keyed[1] === 'labels' ? metadata.labels : metadata.annotations)?.[keyed[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return lines(metadata.labels);
    case 'metadata.annotations':
      return lines(metadata.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return spec?.serviceAccountName ?? '';
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.nodeAddress;
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podAddress;
    default:
      throw new ContainerConfigError(`unsupported fieldPath: ${path}`);
  }
}

function lines(map: Record<string, string> = {}): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}

/** The value of a container's limit or request, in units of its divisor, rounded up. Errors: `CreateContainerConfigError`. */
export function resourceField(facts: PodFacts, own: V1Container | undefined, selector: V1ResourceFieldSelector): string {
  const { resource, containerName } = selector;
  const all = [...(facts.pod.spec?.containers ?? []), ...(facts.pod.spec?.initContainers ?? [])];
  const container = containerName === undefined || containerName === '' ? own : all.find(({ name }) => name === containerName);
  if (container === undefined) throw new ContainerConfigError(`container ${containerName ?? ''} not found`);
  const [kind, name = ''] = resource.split('.');
  if ((kind !== 'limits' && kind !== 'requests') || !['cpu', 'memory', 'ephemeral-storage'].includes(name))
    throw new ContainerConfigError(`unsupported container resource: ${resource}`);
  const amount = container.resources?.[kind]?.[name];
  const milli = amount !== undefined ? parseQuantity(amount) : kind === 'limits' ? capacityOf(facts, name) : 0n;
  const divisor = parseQuantity(selector.divisor && selector.divisor !== '0' ? selector.divisor : '1');
  return String((milli + divisor - 1n) / divisor);
}

function capacityOf({ capacity }: PodFacts, name: string): bigint {
  if (name === 'cpu') return BigInt(capacity.cpu_millicores);
  return name === 'memory' ? BigInt(capacity.memory_bytes) * 1000n : 0n;
}
