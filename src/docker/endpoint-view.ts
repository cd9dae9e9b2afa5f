import { createHash } from 'node:crypto';
import type { Container, Endpoint, EndpointSpec, EngineNetwork } from '#engine';
import { defined } from './json.ts';

/** A stable id for a container's place in a network: Docker's clients compare it. */
export function endpointId(container: Container, networkId: string): string {
  return createHash('sha256').update(`${container.id} ${networkId}`).digest('hex');
}

/** EndpointSettings of an inspection. */
export function endpointView(container: Container, endpoint: Endpoint | undefined, network: EngineNetwork | undefined): object {
  const networkId = endpoint?.networkId ?? network?.id ?? '';
  const aliases = endpoint?.aliases ?? [];
  const asked = askedOf(container, network);
  return {
    IPAMConfig: ipamView(asked),
    Links: asked?.links?.map(({ container: other, alias }) => `${other}:${alias}`) ?? null,
    Aliases: aliases.length > 0 ? aliases : null,
    MacAddress: endpoint?.macAddress ?? '',
    DriverOpts: asked?.driverOptions ?? null,
    GwPriority: asked?.gwPriority ?? 0,
    NetworkID: networkId,
    EndpointID: endpoint === undefined ? '' : endpointId(container, networkId),
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.address ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6?.gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6?.address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6?.prefixLength ?? 0,
    DNSNames: endpoint === undefined || network?.name === 'bridge' ? null : [...new Set([container.name, ...aliases, container.id.slice(0, 12)])],
  };
}

function askedOf({ spec }: Container, network: EngineNetwork | undefined): EndpointSpec | undefined {
  return spec.network.kind === 'networks' && network !== undefined ? spec.network.endpoints[network.name] : undefined;
}

/** Addresses that were asked for; Docker's clients take others for chosen ones. */
function ipamView(asked: EndpointSpec | undefined): object | null {
  if (asked?.address === undefined && asked?.ipv6Address === undefined) return null;
  return defined({ IPv4Address: asked.address, IPv6Address: asked.ipv6Address });
}

/** HostConfig.NetworkMode in Docker's words. */
export function networkModeText(container: Container): string {
  const { network } = container.spec;
  if (network.kind === 'container') return `container:${network.id}`;
  if (network.kind === 'networks') return Object.keys(network.endpoints)[0] ?? 'bridge';
  return network.kind;
}
