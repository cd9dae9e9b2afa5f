import { createHash } from 'node:crypto';
import type { Container, Endpoint, EngineNetwork } from '#engine';

/** A stable id for a container's place in a network: Docker's clients compare it. */
export function endpointId(container: Container, networkId: string): string {
  return createHash('sha256').update(`${container.id} ${networkId}`).digest('hex');
}

/** EndpointSettings of an inspection. */
export function endpointView(container: Container, endpoint: Endpoint | undefined, network: EngineNetwork | undefined): object {
  const networkId = endpoint?.networkId ?? network?.id ?? '';
  const aliases = endpoint?.aliases ?? [];
  return {
    IPAMConfig: null,
    Links: linksView(container, network),
    Aliases: aliases.length > 0 ? aliases : null,
    MacAddress: endpoint?.macAddress ?? '',
    DriverOpts: null,
    GwPriority: 0,
    NetworkID: networkId,
    EndpointID: endpoint === undefined ? '' : endpointId(container, networkId),
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.address ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: endpoint === undefined || network?.name === 'bridge' ? null : [...new Set([container.name, ...aliases, container.id.slice(0, 12)])],
  };
}

function linksView({ spec }: Container, network: EngineNetwork | undefined): readonly string[] | null {
  const endpoint = spec.network.kind === 'networks' && network !== undefined ? spec.network.endpoints[network.name] : undefined;
  return endpoint?.links?.map(({ container, alias }) => `${container}:${alias}`) ?? null;
}

/** HostConfig.NetworkMode in Docker's words. */
export function networkModeText(container: Container): string {
  const { network } = container.spec;
  if (network.kind === 'container') return `container:${network.id}`;
  if (network.kind === 'networks') return Object.keys(network.endpoints)[0] ?? 'bridge';
  return network.kind;
}
