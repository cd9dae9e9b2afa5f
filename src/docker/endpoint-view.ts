import { createHash } from 'node:crypto';
import type { Container, Endpoint, EndpointSpec, EngineNetwork } from '#engine';
import { defined } from './json.ts';

/** A stable id for a container's place in a network: Docker's clients compare it. */
export function endpointId(container: Container, networkId: string): string {
  return createHash('sha256').update(`${container.id} ${networkId}`).digest('hex');
}

/** EndpointSettings of an inspection; `minor` is the client's version. */
export function endpointView(container: Container, endpoint: Endpoint | undefined, network: EngineNetwork | undefined, minor: number): object {
  const networkId = endpoint?.networkId ?? network?.id ?? '';
  const spec = specOf(container, network);
  const own = endpoint?.aliases ?? spec?.aliases ?? [];
  const isNamed = network !== undefined && !['bridge', 'host', 'none'].includes(network.name);
  // Until 1.44 the short id stood among the aliases, and clients looked for it there.
  const aliases = minor < 45 && isNamed ? [...new Set([...own, container.id.slice(0, 12)])] : own;
  return {
    IPAMConfig: ipamView(spec, isNamed),
    Links: linksView(container, network),
    Aliases: aliases.length > 0 ? aliases : null,
    MacAddress: endpoint?.macAddress ?? '',
    DriverOpts: spec?.driverOptions ?? null,
    GwPriority: spec?.gwPriority ?? 0,
    NetworkID: networkId,
    EndpointID: endpoint === undefined ? '' : endpointId(container, networkId),
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.address ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6?.gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6?.address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6?.prefixLength ?? 0,
    DNSNames: isNamed ? [...new Set([container.name, ...own, container.id.slice(0, 12)])] : null,
  };
}

/** Addresses that were asked for; Docker's clients take others for chosen ones. */
function ipamView(asked: EndpointSpec | undefined, isNamed: boolean): object | null {
  if (asked?.address === undefined && asked?.ipv6Address === undefined) return isNamed ? {} : null;
  return defined({ IPv4Address: asked.address, IPv6Address: asked.ipv6Address });
}

function linksView(container: Container, network: EngineNetwork | undefined): readonly string[] | null {
  return specOf(container, network)?.links?.map(({ container: other, alias }) => `${other}:${alias}`) ?? null;
}

/** What was asked for in that network, by its name or its id. */
function specOf({ spec }: Container, network: EngineNetwork | undefined): EndpointSpec | undefined {
  if (spec.network.kind !== 'networks' || network === undefined) return undefined;
  return spec.network.endpoints[network.name] ?? spec.network.endpoints[network.id];
}

/** HostConfig.NetworkMode in Docker's words. */
export function networkModeText(container: Container): string {
  const { network } = container.spec;
  if (network.kind === 'container') return `container:${network.id}`;
  if (network.kind === 'networks') return Object.keys(network.endpoints)[0] ?? 'bridge';
  return network.kind;
}
